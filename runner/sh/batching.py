"""The prelude's memory for files that are placed one after another: what one program can tell of all is asked once.

`pb_ahead` looks at the files that a run of steps will place, with one `stat` and one `sha1sum`; each step recalls what
concerns it, and where the file is as it is to be, the session's shell says so itself (`pb_is_there`). `pb_make` opens a
new file and notes what its folder makes of one, so that the next one there needs no `chmod`, and no `stat` when it is
done. A run ends at the first step that does anything else, so that nothing that is recalled can have been changed by a
step in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from runner.model.call import Line

LONGEST: Final = 64  # files of a run: their paths must fit into one program's arguments

# Not looked at ahead: names that a program may print in another way; and what has a second name, because the step that
# places the one changes the other, too. A step whose path is no such file any more looks again.
# `pb_kin_…` is what a folder makes of a new file of ours: a default ACL gives it another mode than the umask, a setgid
# folder another group. It is noted in the session's folder, since each step is a subshell. A new file has its final
# mode from the start only where its owner and group are right by themselves, else it is private until they are.
BATCHING: Final = r"""
pb_known= pb_batch=
pb_ahead() {
  pb_known= pb_batch=$1 pb_found= pb_sums= pb_summed=
  shift
  [ "$#" -gt 3 ] && pb_have sha1sum || return 0
  pb_left=$(($# / 3))
  while [ "$pb_left" -gt 0 ]; do
    pb_left=$((pb_left - 1))
    if [ -f "$3" ] && [ ! -L "$3" ] && [ -r "$3" ]; then
      case $3 in - | *\\* | *"$pb_nl"*) ;;
      *)
        eval "pb_path_$1=\$3 pb_want_$1=\$2 pb_sum_$1="
        pb_found="$pb_found $1"
        set -- "$@" "$3"
        ;;
      esac
    fi
    shift 3
  done
  [ "$#" -gt 1 ] || return 0
  pb_left=$#
  pb_seen=$(stat -c "%a %u %g %s %Y %i %h$pb_nl%U$pb_nl%G" -- "$@" </dev/null 2>/dev/null) || return 0
  set -f
  IFS=$pb_nl
  set -- $pb_seen
  unset IFS
  set +f
  [ "$#" -eq "$((pb_left * 3))" ] || return 0
  pb_inodes=' '
  for pb_i in $pb_found; do
    pb_size=${1#* * * } pb_inode=${1#* * * * * }
    eval "pb_seen_$pb_i=\$1\$pb_nl\$2\$pb_nl\$3 pb_wanted=\$pb_want_$pb_i"
    shift 3
    case $pb_inode in *" 1") ;; *) continue ;; esac
    case $pb_inodes in *" $pb_inode "*) continue ;; esac
    pb_inodes="$pb_inodes$pb_inode " pb_known="$pb_known $pb_i"
    [ "${pb_size%% *}" = "$pb_wanted" ] || continue
    pb_summed="$pb_summed $pb_i" pb_sums="$pb_sums \"\$pb_path_$pb_i\""
  done
  [ -z "$pb_sums" ] || pb_ahead_sums
}
pb_ahead_sums() {
  eval "set -- $pb_sums"
  pb_left=$#
  pb_seen=$(sha1sum -- "$@" </dev/null 2>/dev/null) || return 0
  set -f
  IFS=$pb_nl
  set -- $pb_seen
  unset IFS
  set +f
  [ "$#" -eq "$pb_left" ] || return 0
  for pb_i in $pb_summed; do
    pb_line=${1#\\}
    eval "pb_sum_$pb_i=\${pb_line%% *}"
    shift
  done
}
pb_recall() {
  pb_sum= pb_path=
  case "$pb_known " in *" $pb_index "*) eval "pb_path=\$pb_path_$pb_index" ;; esac
  if [ "$pb_path" != "$1" ] || [ -L "$1" ] || [ ! -f "$1" ]; then pb_stat "$1"; return; fi
  eval "pb_seen=\$pb_seen_$pb_index pb_sum=\$pb_sum_$pb_index"
  pb_blank
  pb_type=file
  pb_told
}
pb_is_there() {
  case "$pb_known " in *" $pb_index "*) pb_recall "$1" ;; *) return 1 ;; esac
  [ "$pb_sum" = "$2" ] || return 1
  [ -z "$3" ] || [ "$((0$3))" -eq "$((0$pb_mode))" ] || return 1
  case $4 in "" | "$pb_user" | "$pb_uid") ;; *) return 1 ;; esac
  case $5 in "" | "$pb_group" | "$pb_gid") ;; *) return 1 ;; esac
  pb_kv dest "$1"
  pb_report was
}
pb_make() {
  pb_sure= pb_plain= pb_to_user=$3 pb_to_group=$4
  pb_kin= pb_kin_uid= pb_kin_gid= pb_kin_user= pb_kin_group=
  pb_parent "$1"
  if [ "$pb_was" = file ]; then : "${pb_to_user:=$pb_uid}" "${pb_to_group:=$pb_gid}"; fi
  pb_octal "$((0${pb_want_mode:-$pb_mode}))"
  pb_want_mode=$pb_octal pb_made=0600 pb_mask=077
  if [ -n "$pb_batch" ] && [ -e "$pb_dir/m" ]; then
    {
      read -r pb_noted
      IFS= read -r pb_in
      read -r pb_kin pb_kin_uid pb_kin_gid
      IFS= read -r pb_kin_user
      IFS= read -r pb_kin_group
    } <"$pb_dir/m"
    [ "$pb_noted $pb_in" = "$pb_batch $pb_where" ] || pb_kin= pb_kin_uid= pb_kin_gid= pb_kin_user= pb_kin_group=
  fi
  if [ "$((0$pb_want_mode & 07111))" -eq 0 ]; then
    pb_plain=1
    if [ -z "$pb_to_user$pb_to_group" ] || { [ -n "$pb_kin" ] && pb_fits; }; then
      pb_made=$pb_want_mode
      pb_octal "$((0777 & ~0$pb_made))"
      pb_mask=$pb_octal
    fi
  fi
  pb_temp "$1" "$2" "$pb_mask"
  [ -z "$pb_plain" ] || [ "$pb_kin" = "$pb_made" ] || pb_learn
}
pb_learn() {
  pb_old="$pb_uid $pb_gid"
  pb_stat "$pb_temp"
  [ "$pb_type" = file ] || pb_fail "cannot write into $pb_where"
  pb_kin_uid=$pb_uid pb_kin_gid=$pb_gid pb_kin_user=$pb_user pb_kin_group=$pb_group
  pb_uid=${pb_old%% *} pb_gid=${pb_old#* }
  if [ "$((0$pb_mode))" -ne "$((0$pb_made))" ]; then
    pb_final=$pb_want_mode pb_want_mode=0600 pb_made=0600
    pb_attr_apply "$pb_temp" "" ""
    pb_want_mode=$pb_final
    return
  fi
  case $pb_batch$pb_where in "$pb_where" | *"$pb_nl"*) return ;; esac
  printf '%s\n' "$pb_batch" "$pb_where" "$pb_made $pb_kin_uid $pb_kin_gid" "$pb_kin_user" "$pb_kin_group" >"$pb_dir/m"
}
pb_fits() {
  case $pb_to_user in "" | "$pb_kin_user" | "$pb_kin_uid") ;; *) return 1 ;; esac
  case $pb_to_group in "" | "$pb_kin_group" | "$pb_kin_gid") ;; *) return 1 ;; esac
}
pb_finish() {
  if pb_fits; then
    [ "$pb_made" = "$pb_want_mode" ] || pb_attr_apply "$pb_temp" "" ""
    [ -z "$pb_plain" ] || [ -z "$pb_kin_uid" ] || pb_sure=1
    return
  fi
  [ "$pb_was" != file ] || { [ -n "$2" ] && [ -n "$3" ]; } || pb_keep_owner "$1"
  pb_attr_apply "$pb_temp" "$2" "$3"
}
pb_see_made() {
  if [ -z "${pb_sure-}" ]; then pb_stat "$1"; return; fi
  pb_blank
  pb_type=file pb_mode=$pb_want_mode pb_uid=$pb_kin_uid pb_gid=$pb_kin_gid pb_size=$2 pb_nlink=1
  pb_user=$pb_kin_user pb_group=$pb_kin_group
}
"""


def ahead(lines: Sequence[Line]) -> dict[int, str]:
    """By a step's index, whole lines that the session's own shell runs before it: there begins a run of files that are
    placed, or ends one."""
    found: dict[int, str] = {}
    for placed, run in groupby(lines, key=_is_placed):
        steps = list(run)
        if not placed:
            found[steps[0].index] = "pb_known= pb_batch=\n"
            continue
        for part in (steps[start : start + LONGEST] for start in range(0, len(steps), LONGEST)):
            # A step with a deadline does its looking under it.
            words = [f"{line.index} {line.fragment.places}" for line in part if line.timeout_s is None]
            found[part[0].index] = " ".join((f"pb_ahead $pb_trip.{part[0].index}", *words)) + "\n"
    return found


def _is_placed(line: Line) -> bool:
    """Whether the step places one file and does nothing else, with the tools that all others have, too, and nobody else
    may be about it still."""
    return bool(line.fragment.places) and not line.environment and not line.earlier
