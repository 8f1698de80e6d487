"""A lock on a host: a file in the login user's `~/.pbrun` that names its holder, while a shell of the holder lives.

The file is made whole and gets its name by `ln`, which one of many does. It says which process holds it (its number,
when it began, and the boot), so that what a killed shell or a reboot has left is known as such; only one at a time
removes it, having looked again. The shell waits for the end of its input, which comes with the end of the connection,
and removes the file.
"""

from __future__ import annotations

from typing import Final

from runner.model.call import HostLock
from runner.sh.quote import quote

HELD, WAITS, REFUSED = "held", "waits", "refused"

# A file name for each machine, since a home may be shared by many. `pb_at`: process, its start, the boot.
_TAKE: Final = r"""
pb_main() {
  umask 077
  pb_d=$HOME/.pbrun pb_said=
  mkdir -p "$pb_d" 2>/dev/null
  if [ ! -d "$pb_d" ] || [ -L "$pb_d" ] || [ ! -O "$pb_d" ]; then pb_end "$pb_d is no folder of its own"; fi
  pb_f=$pb_d/lock-$(uname -n) pb_at="$$ $(pb_began $$) $(pb_boot)"
  until pb_try; do
    case $pb_by in *"(run $pb_run,"*) pb_hold ;; esac
    [ "$pb_left" -gt 0 ] || pb_end "$pb_by"
    [ -n "$pb_said" ] || echo "$pb_token waits $pb_by"
    pb_said=1 pb_left=$((pb_left - 1))
    sleep 1
  done
  pb_hold mine
}
pb_end() { echo "$pb_token refused $1"; exit 1; }
pb_hold() {
  trap '' PIPE HUP TERM INT
  echo "$pb_token held"
  while IFS= read -r pb_line; do :; done
  [ -z "$1" ] || pb_is "$pb_f" "$pb_at" && rm -f "$pb_f"
  exit 0
}
pb_began() {
  pb_s=
  read -r pb_s 2>/dev/null <"/proc/$1/stat"
  pb_s=${pb_s##*) }
  set -- $pb_s
  echo "${20:--}"
}
pb_boot() { pb_b=- ; read -r pb_b 2>/dev/null </proc/sys/kernel/random/boot_id; echo "$pb_b"; }
pb_is() { pb_was=; IFS= read -r pb_was 2>/dev/null <"$1"; [ -n "$pb_was" ] && [ "$pb_was" = "$2" ]; }
pb_break() {
  pb_n=0
  until mkdir "$pb_f.break" 2>/dev/null; do
    pb_n=$((pb_n + 1))
    [ "$pb_n" -lt 10 ] || rmdir "$pb_f.break" 2>/dev/null
    [ -e "$pb_f" ] || return 0
    sleep 1
  done
  if pb_is "$pb_f" "$1" || { [ -e "$pb_f" ] && [ ! -s "$pb_f" ]; }; then rm -f "$pb_f"; fi
  rmdir "$pb_f.break" 2>/dev/null
}
pb_try() {
  printf '%s\n%s\n' "$pb_at" "$pb_holder" >"$pb_f.$$" || pb_end "cannot write into $pb_d"
  if ln "$pb_f.$$" "$pb_f" 2>/dev/null; then rm -f "$pb_f.$$"; return 0; fi
  rm -f "$pb_f.$$"
  pb_is_at= pb_by=somebody
  { IFS= read -r pb_is_at; IFS= read -r pb_by; } 2>/dev/null <"$pb_f"
  set -- $pb_is_at
  if [ "$3" = "$(pb_boot)" ] && kill -0 "$1" 2>/dev/null && [ "$2" = "$(pb_began "$1")" ]; then return 1; fi
  pb_break "$pb_is_at"
  pb_try
}
"""


def lock_script(lock: HostLock, token: str) -> str:
    """What a shell reads to take the lock; it answers in lines `TOKEN held`, `TOKEN waits HOLDER` and `TOKEN refused
    HOLDER`, and holds it until its input ends."""
    facts = {"token": token, "run": lock.run, "holder": lock.holder}
    begin = " ".join(f"pb_{name}={quote(value)}" for name, value in facts.items())
    return f"{begin} pb_left={int(lock.wait_s)}\n{_TAKE}pb_main\n"
