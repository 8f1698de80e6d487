"""Text that ends what a process has started: every process below it, TERM first, then KILL.

They are stopped before, until a look finds no new one (or a hundred looks did not suffice), so that none can start
another unseen. Only what was found then is killed in the end: the next step may have begun. What ran on its own
(setsid, and its parent is gone) is not found.
"""

from __future__ import annotations

from typing import Final

GRACE_S: Final = 2
MAX_LOOKS: Final = 100

# `pb_end_below PID [too]` ends all processes below PID (and PID itself). /proc where there is one (busybox' ps knows
# no -o), else ps (POSIX).
END_BELOW: Final = r"""
pb_pairs() {
  if [ -r /proc/self/stat ]; then
    for pb_stat in /proc/[0-9]*/stat; do
      { IFS= read -r pb_line <"$pb_stat"; } 2>/dev/null || continue
      set -- ${pb_line##*)}
      echo "${pb_line%% *} $2"
    done
  else
    ps -A -o pid= -o ppid=
  fi
}
pb_below() {
  pb_known=$(pb_pairs) pb_found=" $pb_root $* " pb_more=1
  while [ -n "$pb_more" ]; do
    pb_more=
    while read -r pb_pid pb_parent; do
      case $pb_found in *" $pb_pid "*) continue ;; esac
      case $pb_found in *" $pb_parent "*) pb_found="$pb_found$pb_pid " pb_more=1 ;; esac
    done <<PB_END
$pb_known
PB_END
  done
  pb_found=${pb_found#" $pb_root "}
}
pb_end_below() {
  pb_root=$1 pb_stopped= pb_also= pb_looks=0
  [ -z "${2-}" ] || pb_also=$pb_root
  [ -z "$pb_also" ] || kill -STOP "$pb_root" 2>/dev/null
  pb_below
  while [ "$pb_found" != "$pb_stopped" ] && [ $pb_looks -lt PB_LOOKS ]; do
    pb_stopped=$pb_found pb_looks=$((pb_looks + 1))
    kill -STOP $pb_found 2>/dev/null
    pb_below $pb_found
  done
  kill -TERM $pb_also $pb_found 2>/dev/null
  kill -CONT $pb_also $pb_found 2>/dev/null
  pb_n=0
  while [ $pb_n -lt PB_GRACE ]; do
    sleep 1
    pb_n=$((pb_n + 1))
    kill -0 $pb_also $pb_stopped 2>/dev/null || break
  done
  pb_root=none
  pb_below $pb_stopped
  kill -KILL $pb_also $pb_found 2>/dev/null
}
""".replace("PB_GRACE", str(GRACE_S)).replace("PB_LOOKS", str(MAX_LOOKS))
