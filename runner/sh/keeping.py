"""What a session's folder keeps of steps that may change their host, until all of it is in the log of the run.

The folder's name is `.pb-BEGAN-RUN.KEY-NONCE`: when the process that sends trips began (epoch milliseconds), the run,
that process, and what nobody can guess before. In the folder are

    j          `A PID STARTED BOOT .` the session's shell, then a line for what happened to a claim (`TRIP.INDEX`):
               `B CLAIM TEXT .` it begins (TEXT: a checksum of what it runs), `E CLAIM RC .` it has ended,
               `W CLAIM .` it did not begin after all, `M CLAIM .` not all of its answer is here, `S .` no answer so
               far is here any more
    o.CLAIM e.CLAIM   what it printed, if anything
    v.TRIP     what steps reported: `INDEX V BYTES KEY`, the value; `INDEX D 0 -`: the probe said so
    b.CLAIM.KEY       what it reported out of a file
    over       another process goes on with the run: nothing may begin any more

A line is one append and ends in a dot, so that half of one is known as such. All of it is done by the shell itself. A
session that ends without having been told that everything is in the log leaves its folder behind, for `asking`; after
a week later sessions remove it. Knowing the folder's name opens nothing: it is 0700, and there before others see it.
"""

from __future__ import annotations

import re
from typing import Final

from runner.model.quick import dataclass

KEEP_S: Final = 7 * 86_400
_RUN: Final = re.compile(r"[0-9A-Za-z_]+")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose sessions these are: the run's id, the process' own key (hex) and when it began (epoch milliseconds)."""

    run: str
    key: str
    began_ms: int

    def __post_init__(self) -> None:
        if not _RUN.fullmatch(self.run) or not _RUN.fullmatch(self.key):
            raise ValueError(f"no name for a folder: {self.run!r}")


def owner_text(owner: Owner | None, nonce: str) -> str:
    """The prelude's first lines: the folder's name, and whose it is."""
    if owner is None:
        return f"pb_run= pb_began=0 pb_name=.pb-{nonce}\n"
    whose = f"{owner.run}.{owner.key}"
    return f"pb_run={whose} pb_began={owner.began_ms} pb_name=.pb-{owner.began_ms}-{whose}-{nonce}\n"


# Before the folder is made: the line that its journal begins with. Only one who reads the same boot can read it.
NOTE: Final = r"""
pb_keep= pb_kept= pb_big= pb_boot= pb_line=
{ read -r pb_boot </proc/sys/kernel/random/boot_id; IFS= read -r pb_line </proc/$$/stat; } 2>/dev/null
set -- ${pb_line##*)}
pb_note="A $$ ${20:--} ${pb_boot:--} ."
set --
"""

# A claim that cannot be noted (the disk is full) makes the journal empty: then it says nothing, instead of "not begun".
KEEPING: Final = r"""
pb_lead() {
  pb_word= pb_dot=
  { read -r pb_word pb_pid pb_born pb_its_boot pb_dot <"$1/j"; } 2>/dev/null
  [ "$pb_word$pb_dot" = A. ]
}
pb_lives() {
  [ "$pb_its_boot" = "${pb_boot:--}" ] || return 1
  if [ "$pb_born" = - ]; then kill -0 "$pb_pid" 2>/dev/null; return; fi
  { IFS= read -r pb_line <"/proc/$pb_pid/stat"; } 2>/dev/null || return 1
  set -- ${pb_line##*)}
  [ "$1" != Z ] && [ "${20}" = "$pb_born" ]
}
pb_look_around() {
  for pb_f in "${pb_dir%/*}"/.pb-[0-9]*-"${pb_run%.*}".*-over; do
    case $pb_f in *-"$pb_run"-over) continue ;; esac
    pb_n=${pb_f##*/.pb-}
    pb_n=${pb_n%%-*}
    case $pb_n in *[!0-9]*) continue ;; esac
    if [ "$pb_n" -ge "$pb_began" ] && [ -O "$pb_f" ]; then
      echo "${pb_token}R somebody else goes on with this run" >&9
      exit 3
    fi
  done
  for pb_f in "${pb_dir%/*}"/.pb-[0-9]*-*.*-*; do
    pb_n=${pb_f##*/.pb-}
    pb_n=${pb_n%%-*}
    case $pb_n in *[!0-9]*) continue ;; esac
    # Names come in order, and that of time (milliseconds of as many digits): the first that is not old ends the search.
    [ "$pb_n" -lt $((pb_began - PB_TTL)) ] || break
    [ -O "$pb_f" ] && [ ! -L "$pb_f" ] || continue
    [ -d "$pb_f" ] && pb_lead "$pb_f" && pb_lives || rm -rf "$pb_f"
  done
}
pb_look_around
pb_claim() {
  pb_keep=1
  printf 'B %s %s .\n' "$1" "$2" >>"$pb_dir/j" || true >"$pb_dir/j"
  [ -e "$pb_dir/over" ] || return 0
  printf 'W %s .\n' "$1" >>"$pb_dir/j"
  pb_gone 0
}
pb_ended() {
  if [ "$3" = own ]; then
    for pb_f in o e; do
      [ -s "$pb_dir/$pb_f.own" ] || continue
      if pb_quick "$pb_dir/$pb_f.own"; then printf %s "$pb_text" >"$pb_dir/$pb_f.$1"
      else cat <"$pb_dir/$pb_f.own" >"$pb_dir/$pb_f.$1"
      fi
    done
  fi
  printf 'E %s %s .\n' "$1" "$2" >>"$pb_dir/j"
}
pb_settled() {
  for pb_f in $pb_big; do
    echo "M ${pb_f#?.} ." >>"$pb_dir/j"
    true >"$pb_dir/$pb_f"
  done
  pb_big=
}
pb_sweep_up() {
  echo "S ." >>"$pb_dir/j"
  rm -f "$pb_dir"/[beov].* 2>/dev/null
}
""".replace("PB_TTL", str(KEEP_S * 1000))
