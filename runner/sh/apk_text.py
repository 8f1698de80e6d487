"""What the apk module runs on a host: what was asked for, what is newer, and apk told or only asked what it would do.

Names of packages are plain words, so lists of them are split by the shell. What apk prints:
https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper
"""

from __future__ import annotations

from typing import Final

BEGIN: Final = r"""
set -f
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH
pb_have apk || pb_fail "apk is not installed on this host"
pb_out=$pb_dir/s.out pb_err=$pb_dir/s.err
pb_apk() { apk OPTIONS "$@" >"$pb_out" 2>"$pb_err" 9>&-; }
pb_told() { cat "$pb_out"; cat "$pb_err" >&2; }
# A name in the file of what was asked for, perhaps with a version or a repository.
pb_asked() {
  while read -r pb_line || [ -n "$pb_line" ]; do
    for pb_word in $pb_line; do
      case $pb_word in "$1" | "$1"[@=\<\>~]?*) return 0 ;; esac
    done
  done 2>/dev/null <WORLD
  return 1
}
pb_installed() { apk info --installed -- "$1" >/dev/null 2>&1; }
pb_newest() {
  pb_line=$(apk version -- "$1" 2>/dev/null | grep -F -e "$1-" | tail -n 1)
  case $pb_line in *" < "*) false ;; esac
}
"""
PRESENT: Final = r"""
for pb_one in $pb_names; do pb_asked "$pb_one" || pb_plan="$pb_plan $pb_one"; done
pb_do="add" pb_settled=1
[ -z "$pb_plan" ] || pb_settled="""
LATEST: Final = r"""
for pb_one in $pb_names; do
  if ! pb_asked "$pb_one"; then pb_plan="$pb_plan $pb_one"
  elif ! pb_newest "$pb_one"; then pb_plan="$pb_plan $pb_one"; pb_do="add --upgrade"
  fi
done
pb_do=${pb_do:-add}"""
ABSENT: Final = r"""
for pb_one in $pb_names; do ! pb_installed "$pb_one" || pb_plan="$pb_plan $pb_one"; done
pb_do="del --purge" pb_settled=1"""
UPGRADE: Final = r"""
pb_do="upgrade HOW"
pb_apk $pb_do --simulate || pb_refused "failed to upgrade packages"
if grep -q '^([0-9]*/[0-9]*)' "$pb_out"; then pb_plan=all; elif [ -n "$pb_check" ]; then pb_told; fi"""

PROBE: Final = r"""
pb_plan= pb_do= pb_settled=
pb_refused() {
  if [ -n "$pb_check" ] && [ -n "$pb_refresh" ]; then pb_kv refused 1; exit 0; fi
  pb_told
  pb_fail "$1"
}
pb_words() { case $pb_plan in all) ;; *) printf %s "$pb_plan" ;; esac; }
if [ -n "$pb_check" ] || [ -z "$pb_refresh" ]; then
  pb_choose
  if [ -n "$pb_plan" ]; then
    pb_differs
    if [ -n "$pb_check" ]; then
      pb_apk $pb_do --simulate $(pb_words) || pb_refused "failed to $pb_do$(pb_words)"
      pb_told
    fi
  fi
fi
[ -z "$pb_refresh" ] || pb_differs
pb_kv plan "$pb_plan"; pb_kv settled "$pb_settled"
"""
APPLY: Final = r"""
if [ -n "$pb_refresh" ]; then
  pb_apk update || pb_refused "could not update package db"
  pb_choose
fi
if [ -n "$pb_plan" ]; then
  pb_apk $pb_do $(pb_words) || pb_refused "failed to $pb_do$(pb_words)"
  pb_told
fi
pb_kv plan "$pb_plan"
"""
