"""Sh text for files of `WORD=value` lines, as systems keep their name, their clock and their like in them."""

from __future__ import annotations

from typing import Final

# `line_set FILE WORD LINE`: the first line that sets WORD becomes LINE, others go; without one LINE is the last.
# WORD "": all lines do. `line_get FILE WORD`: sets `got` to the value of the first line that sets WORD, without quotes.
LINES: Final = r"""
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
  pb_stat "$1"
  [ "$pb_type" != link ] || { pb_real "$1"; shift; set -- "$pb_real" "$@"; pb_stat "$1"; }
  [ "$pb_type" = file ] || { pb_octal "$((0666 & ~0$pb_umask))"; pb_mode=$pb_octal; }
  pb_parent "$1"
  [ -d "$pb_where" ] || mkdir -p -- "$pb_where" || pb_fail "cannot write $1"
  pb_temp "$1"
  found=
  if [ "$pb_type" = file ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      if ! line_sets "$line" "$2"; then printf '%s\n' "$line"
      elif [ -z "$found" ]; then found=1; printf '%s\n' "$3"
      fi
    done <"$1" >&8
    pb_keep_owner "$1"
  fi
  [ -n "$found" ] || printf '%s\n' "$3" >&8 || pb_fail "cannot write $1"
  pb_want_mode=$pb_mode
  pb_attr_apply "$pb_temp" "" ""
  pb_place "$pb_temp" "$1"
}
"""
