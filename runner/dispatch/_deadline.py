"""Ending what a step has started on its host: every process below the session's shell, TERM first, then KILL.

They are stopped before, until a look finds no new one, so that none can start another unseen.
"""

from __future__ import annotations

import time
from typing import Final

from runner.dispatch._shell import Started
from runner.errors import ConnectionLost

GRACE_S: Final = 2
WAIT_S: Final = 10.0

# Sent on stdin to a shell of the same user. /proc where there is one (busybox' ps knows no -o), else ps (POSIX).
_SCRIPT: Final = r"""
pairs() {
  if [ -r /proc/self/stat ]; then
    for stat in /proc/[0-9]*/stat; do
      { IFS= read -r line <"$stat"; } 2>/dev/null || continue
      set -- ${line##*)}
      echo "${line%% *} $2"
    done
  else
    ps -A -o pid= -o ppid=
  fi
}
below() {
  known=$(pairs) found=" $* " more=1
  while [ -n "$more" ]; do
    more=
    while read -r pid parent; do
      case $found in *" $pid "*) continue ;; esac
      case $found in *" $parent "*) found="$found$pid " more=1 ;; esac
    done <<END
$known
END
  done
  found=${found#" PB_PID "}
}
below PB_PID
stopped=
while [ "$found" != "$stopped" ]; do
  stopped=$found
  kill -STOP $found 2>/dev/null
  below PB_PID $found
done
kill -TERM $found 2>/dev/null
kill -CONT $found 2>/dev/null
n=0
while [ $n -lt PB_GRACE ]; do
  sleep 1
  n=$((n + 1))
  kill -0 $stopped 2>/dev/null || break
done
below PB_PID $stopped
kill -KILL $found 2>/dev/null
exit 0
"""


def kill_below(begun: Started, pid: int) -> None:
    """Kill all processes below `pid` through a shell that reads its stdin. Raises `ConnectionLost`.

    Returns when the shell has done it, after `WAIT_S` at the latest; what ran on its own (setsid, and its parent is
    gone) is not found.
    """
    deadline = time.monotonic() + WAIT_S
    try:
        text = _SCRIPT.replace("PB_PID", str(pid)).replace("PB_GRACE", str(GRACE_S))
        begun.process.write(f"{{\n{text}\n}}\n".encode())
        begun.process.close_stdin()
        while begun.process.read(max(0.0, deadline - time.monotonic())) is not None:
            pass
    except (TimeoutError, ConnectionLost):
        return
    finally:
        begun.process.close()
