"""Sh texts of the modprobe module: whether a kernel module is loaded now and at boot, and making it so."""

from __future__ import annotations

from typing import Final

from runner.sh.settings_text import WRITE

# `name` and `params` (words, parted by blanks) are set before. Sets `loaded`, `at_boot`, `given` (the parameters that
# files in /etc/modprobe.d give it, each after a blank) and `same_params`.
LOOK: Final = r"""
pb_have modprobe || PATH=$PATH:/usr/sbin:/sbin
pb_have modprobe || pb_fail "Failed to find required executable \"modprobe\": install kmod"
is_loaded() {
  key=$(printf %s "$name" | tr - _)
  while read -r module rest; do [ "$module" != "$key" ] || return 0; done </proc/modules
  while IFS= read -r module; do
    case $module in */"$name".ko) return 0 ;; esac
  done </lib/modules/"$(uname -r)"/modules.builtin
  return 1
} 2>/dev/null
at_boot_line() {
  set -f; set -- $1; set +f
  [ "${1-}" = "$name" ] && case ${2-} in "" | [\#\;]*) ;; *) false ;; esac
}
params_line() {
  set -f; set -- $1; set +f
  [ "${1-}" = options ] && [ "${2-}" = "$name" ] || return 1
  case ${3-} in *=?*) ;; *) return 1 ;; esac
  case ${4-} in "" | [\#\;]*) param=$3 ;; *) return 1 ;; esac
}
loaded= at_boot= given=
! is_loaded || loaded=1
for file in /etc/modules-load.d/*; do
  [ -f "$file" ] || continue
  while IFS= read -r line || [ -n "$line" ]; do ! at_boot_line "$line" || at_boot=1; done <"$file"
done
for file in /etc/modprobe.d/*; do
  [ -f "$file" ] || continue
  while IFS= read -r line || [ -n "$line" ]; do
    ! params_line "$line" || case "$given " in *" $param "*) ;; *) given="$given $param" ;; esac
  done <"$file"
done
same_params=1
set -f
for param in $params; do case "$given " in *" $param "*) ;; *) same_params= ;; esac; done
for param in $given; do case " $params " in *" $param "*) ;; *) same_params= ;; esac; done
set +f
"""

# `comment_out FOLDER TEST`: lines that TEST is true of become comments, in all files of the folder.
WRITING: Final = (
    WRITE
    + r"""
comment_out() {
  for file in "$1"/*; do
    [ -f "$file" ] || continue
    hit=
    while IFS= read -r line || [ -n "$line" ]; do ! "$2" "$line" || hit=1; done <"$file"
    [ -n "$hit" ] || continue
    test=$2
    write_file "$file" commented
  done
}
commented() {
  while IFS= read -r line || [ -n "$line" ]; do
    if "$test" "$line"; then printf '#%s\n' "$line"; else printf '%s\n' "$line"; fi
  done <"$file"
}
name_alone() { printf '%s\n' "$name"; }
options_lines() {
  set -f
  for param in $params; do printf 'options %s %s\n' "$name" "$param"; done
  set +f
}
"""
)
