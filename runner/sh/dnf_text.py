"""What the dnf modules run on a host: what rpm has, and dnf (or yum) told or only asked what it would do.

Lists of packages have one on a line: a specifier like `foo >= 1.2` has blanks.
"""

from __future__ import annotations

from typing import Final

BEGIN: Final = r"""
set -f
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH
pb_out=$pb_dir/s.out pb_err=$pb_dir/s.err pb_tool=
for pb_one in $pb_tools; do if pb_have "$pb_one"; then pb_tool=$pb_one; break; fi; done
[ -n "$pb_tool" ] && pb_have rpm || pb_fail "dnf is not installed on this host"
pb_rpm() { rpm --root "$pb_root" "$@" 2>/dev/null; }
pb_install= pb_upgrade= pb_remove= pb_try= pb_said=
pb_failed() {
  pb_kv said "$(cat "$pb_err")"
  pb_kv out "$(cat "$pb_out")"
  pb_fail "$1"
}
pb_there() { pb_rpm -q --quiet -- "$1" || pb_rpm -q --quiet --whatprovides -- "$1"; }
pb_later() {
  [ -z "$pb_downgrade" ] || return 1
  pb_bare=$1
  for pb_one in 1 2; do
    pb_old=$pb_bare
    pb_bare=${pb_bare%-*}
    [ "$pb_bare" != "$pb_old" ] || return 1
    pb_ver=${1#"$pb_bare"-}
    case $pb_ver in *-*) pb_form='%{VERSION}-%{RELEASE}\n' ;; *) pb_form='%{VERSION}\n' ;; esac
    pb_old=$(pb_rpm -q --qf "$pb_form" -- "$pb_bare") || continue
    pb_old=${pb_old##*"$pb_nl"}
    case $pb_old$pb_ver in *[!A-Za-z0-9._+~^-]*) return 1 ;; esac
    [ "$(rpm --eval "%{lua:print(rpm.vercmp('$pb_old', '$pb_ver'))}")" = 1 ]
    return
  done
  return 1
}
"""

# pb_plain NAME: a package by its name; pb_loose SPEC: what only dnf can say anything about; pb_file PATH: an rpm file.
PRESENT: Final = r"""
pb_plain() { pb_there "$1" || pb_later "$1" || pb_install=$pb_install$pb_nl$1; }
pb_loose() { pb_install=$pb_install$pb_nl$1; }
"""
LATEST: Final = r"""
pb_plain() {
  if pb_there "$1"; then pb_upgrade=$pb_upgrade$pb_nl$1
  elif ! pb_later "$1"; then pb_install=$pb_install$pb_nl$1
  fi
}
pb_loose() { pb_install=$pb_install$pb_nl$1 pb_try=$pb_try$pb_nl$1; }
"""
UPDATE_ONLY: Final = r"""
pb_plain() {
  if pb_there "$1"; then pb_upgrade=$pb_upgrade$pb_nl$1
  else pb_said="${pb_said}Packages providing $1 not installed due to update_only specified$pb_nl"
  fi
}
pb_loose() { pb_try=$pb_try$pb_nl$1; }
"""
ABSENT: Final = r"""
pb_plain() {
  if pb_there "$1"; then pb_remove=$pb_remove$pb_nl$1
  else pb_said="${pb_said}No match for argument: $1$pb_nl"
  fi
}
pb_loose() {
  case $1 in @*) ;; *) [ -n "$(pb_rpm -qa -- "$1")" ] || return ;; esac
  pb_remove=$pb_remove$pb_nl$1
}
"""
FILE: Final = r"""
pb_file() {
  case $1 in /*) pb_path=$1 ;; *) pb_path=$PWD/$1 ;; esac
  [ -r "$pb_path" ] || pb_fail "No package $1 available."
  pb_name=$(rpm -qp --qf '%{NAME}-%{VERSION}-%{RELEASE}' "$pb_path" 2>"$pb_err") || pb_failed "$1 is no package"
  pb_rpm -q --quiet -- "$pb_name" || pb_later "$pb_name" || pb_install=$pb_install$pb_nl$pb_path
}
"""

# pb_dnf HOW COMMAND LIST: dnf with these packages; HOW is -y or --assumeno.
RUN: Final = r"""
pb_dnf() {
  pb_how=$1 pb_what=$2 pb_list=$3
  IFS=$pb_nl
  set -- $pb_list
  unset IFS
  "$pb_tool" "$pb_how" $pb_what OPTIONS "$@" >"$pb_out" 2>"$pb_err" 9>&-
}
pb_todo() {
  if [ -n "$ALL" ]; then pb_one "$ALL" ""; fi
  [ -z "$pb_remove" ] || pb_one remove "$pb_remove"
  [ -z "$pb_install" ] || pb_one install "$pb_install"
  [ -z "$pb_upgrade" ] || pb_one upgrade "$pb_upgrade"
  [ -z "$pb_try" ] || pb_one upgrade "$pb_try" try
}
pb_nothing() { grep -q -i 'nothing to do' "$pb_out" "$pb_err"; }
pb_missing() {
  [ -n "$1" ] && grep -q -i -e 'no packages marked for upgrade' -e 'no match for argument' "$pb_out" "$pb_err"
}
"""

ASK: Final = r"""
pb_one() {
  if pb_dnf --assumeno "$1" "$2"; then
    pb_nothing || { pb_differs; pb_tables=$pb_tables$pb_nl$(cat "$pb_out"); }
    return
  fi
  if grep -q -i 'operation aborted' "$pb_out" "$pb_err"; then
    pb_differs
    pb_tables=$pb_tables$pb_nl$(cat "$pb_out")
  else pb_missing "${3-}" || pb_failed "'$pb_tool $1' failed"
  fi
}
pb_tables=
pb_todo
pb_kv tables "$pb_tables"
[ -z "$pb_tables" ] || pb_kv have "$(pb_rpm -qa --qf '%{NAME}.%{ARCH} %{NEVRA}\n')"
"""

DO: Final = r"""
pb_did=
pb_one() {
  if pb_dnf -y "$1" "$2"; then pb_nothing || pb_did=1
  else pb_missing "${3-}" || pb_failed "'$pb_tool $1' failed"
  fi
  cat "$pb_out"; cat "$pb_err" >&2
}
pb_have_all() { pb_rpm -qa --qf '%{NEVRA}\n' | grep -v '^gpg-pubkey-' | sort; }
pb_have_all >"$pb_dir/s.before"
pb_todo
pb_have_all >"$pb_dir/s.after"
pb_kv did "$pb_did"
pb_kv installed "$(comm -13 "$pb_dir/s.before" "$pb_dir/s.after")"
pb_kv removed "$(comm -23 "$pb_dir/s.before" "$pb_dir/s.after")"
pb_kv tables "$(cat "$pb_out")"
"""
