"""Sh text for files of `WORD=value` lines, as systems keep their name, their clock and their like in them."""

from __future__ import annotations

from typing import Final

# `can_write FILE`: fails the step, in a dry run too, where the file could be neither replaced nor written.
# `write_file FILE FUNCTION`: what the function prints is the new content; mode and owner stay. A mounted file (as
# containers have them) is written in place.
WRITE: Final = r"""
can_write() {
  [ ! -w "$1" ] || return 0
  pb_parent "$1"
  while [ ! -e "$pb_where" ]; do pb_parent "$pb_where"; done
  [ -w "$pb_where" ] || pb_fail "cannot write $1: permission denied"
}
write_file() {
  file=$1
  if [ -L "$file" ]; then pb_real "$file"; file=$pb_real; fi
  pb_stat "$file"
  [ "$pb_type" = file ] || { pb_octal "$((0666 & ~0$pb_umask))"; pb_mode=$pb_octal; }
  pb_parent "$file"
  [ -d "$pb_where" ] || mkdir -p -- "$pb_where" || pb_fail "cannot write $file"
  if [ -w "$pb_where" ]; then pb_temp "$file"; else pb_temp "$pb_dir/new"; fi
  "$2" >&8 || pb_fail "cannot write $file"
  [ "$pb_type" != file ] || pb_keep_owner "$file"
  pb_want_mode=$pb_mode
  pb_attr_apply "$pb_temp" "" ""
  pb_place "$pb_temp" "$file" unsafe
}
"""

# `line_set FILE WORD LINE`: the first line that sets WORD becomes LINE, others go; without one LINE is the last.
# WORD "": all lines do. `line_get FILE WORD`: sets `got` to the value of the first line that sets WORD, without quotes.
LINES: Final = (
    WRITE
    + r"""
line_sets() {
  case $1 in
  "$2="*) return 0 ;;
  "$2"[\ \	]*=*)
    line_left=${1%%=*}
    line_left=${line_left#"$2"}
    case $line_left in *[!\ \	]*) [ -z "$2" ] ;; esac ;;
  *) [ -z "$2" ] ;;
  esac
}
line_get() {
  got=
  [ -f "$1" ] || return 0
  while IFS= read -r line || [ -n "$line" ]; do
    line_sets "$line" "$2" || continue
    got=${line#*=}
    got=${got#"${got%%[! 	]*}"}
    got=${got#[\"\']}
    got=${got%%[\"\' 	]*}
    return 0
  done <"$1"
}
line_set() {
  line_file=$1 line_word=$2 line_new=$3
  write_file "$1" lines_with
}
lines_with() {
  found=
  if [ -f "$line_file" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      if ! line_sets "$line" "$line_word"; then printf '%s\n' "$line"
      elif [ -z "$found" ]; then found=1; printf '%s\n' "$line_new"
      fi
    done <"$line_file"
  fi
  [ -n "$found" ] || printf '%s\n' "$line_new"
}
"""
)
