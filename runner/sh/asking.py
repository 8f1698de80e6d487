"""What became of a step that was sent by a process that is gone: asked of the folders that its sessions left behind.

First a mark (`over`) is set, in the folders there are and beside them, so that no shell that still lives, and none that
is only now reading its prelude, begins anything more; then the journals are read (`keeping` says what is in them). A
shell notes a claim before it looks for the mark, and here the mark is set before the notes are read: whatever the order
of the two, one of them sees the other. A step that is under way is waited for.

A session that has asked removes what there was when the run is over, unless a shell of the old process still lives.

That there is no note means that the step never began only if nothing can have taken the folder away: the host (the
first process of what we see of it) has been up since before the intent was logged, and that was less than a week ago.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final

from runner.model.call import Fragment
from runner.model.fate import Claim
from runner.sh.keeping import KEEP_S
from runner.sh.quote import quote

KEPT: Final = "&"  # the key of all that was reported in a trip
_LONG: Final = 10 * KEEP_S

# `pb_ask INDEX TEXT DEAR AGE CLAIM...`: claims are RUN/TRIP.INDEX, the newest first. Sets `pb_fate`.
ASKING: Final = r"""
pb_spread() {
  for pb_f in "${TMPDIR:-/tmp}" /tmp "$HOME" /dev/shm; do
    pb_mark=$pb_f/.pb-$pb_began-$1.${pb_run#*.}-over
    [ -O "$pb_mark" ] || (umask 077; set -C; true >"$pb_mark")
  done
  pb_known "$1" true
}
pb_known() {
  for pb_d in "${TMPDIR:-/tmp}"/.pb-[0-9]*-"$1".*-* /tmp/.pb-[0-9]*-"$1".*-* "$HOME"/.pb-[0-9]*-"$1".*-* \
    /dev/shm/.pb-[0-9]*-"$1".*-*; do
    case $pb_d in *-"$pb_run"-*) continue ;; esac
    [ -d "$pb_d" ] && [ -O "$pb_d" ] && [ ! -L "$pb_d" ] || continue
    pb_stat "$pb_d"
    if [ "$pb_mode" != 700 ]; then pb_doubt=1; continue; fi
    true >>"$pb_d/over" || pb_doubt=1
    if ! pb_lead "$pb_d"; then pb_doubt=1; continue; fi
    "$2" "$3" && return
  done
  return 1
}
pb_seek() {
  pb_is= pb_had= pb_got= pb_part=
  while read -r pb_word pb_1 pb_2 pb_3; do
    [ "$pb_1" = "$1" ] || [ "$pb_word" = S ] || continue
    case "$pb_word $pb_2 $pb_3" in
    B\ *) pb_is=begun pb_had=$pb_2 ;;
    E\ *\ .) pb_is=ended pb_got=$pb_2 ;;
    W\ .*) pb_is= ;;
    M\ .*) pb_part=1 ;;
    S\ *) pb_part=${pb_is:+1} ;;
    esac
  done <"$pb_d/j"
  [ -n "$pb_is" ]
}
pb_await() {
  pb_nap=.1
  while [ "$pb_is" = begun ] && pb_lives; do
    sleep "$pb_nap"
    case $? in
    0) [ "$pb_nap" = .1 ] && pb_nap=.3 || pb_nap=1 ;;
    1[2-9]?) return 1 ;;
    *) pb_nap=1 ;;
    esac
    pb_seek "$1"
  done
  [ "$pb_is" != begun ] || pb_seek "$1"
}
pb_up_since() {
  pb_limit=$1 pb_up=
  { read -r pb_up pb_word </proc/uptime; } 2>/dev/null || return 1
  pb_up=${pb_up%.*}
  if { IFS= read -r pb_line </proc/1/stat; } 2>/dev/null; then
    set -- ${pb_line##*)}
    pb_up=$((pb_up - ${20} / 100))
  fi
  [ "$pb_up" -gt "$pb_limit" ]
}
pb_ask() {
  pb_sum=$2 pb_careful=$3 pb_age=$4
  shift 4
  pb_fate=absent pb_doubt= pb_is= pb_got=1
  for pb_c in "$@"; do
    pb_r=${pb_c%%/*} pb_c=${pb_c#*/}
    pb_spread "$pb_r"
    pb_known "$pb_r" pb_seek "$pb_c" && break
  done
  if [ -n "$pb_is" ]; then
    if ! pb_await "$pb_c"; then pb_fate=running pb_got=124
    elif [ "$pb_is$pb_part" = ended ] && [ "$pb_had" = "$pb_sum" ]; then pb_fate=done
    elif [ -n "$pb_is" ] && [ -n "$pb_careful" ]; then pb_fate=lost
    fi
  elif [ -n "$pb_careful" ] && { [ -n "$pb_doubt" ] || ! pb_up_since "$pb_age"; }; then pb_fate=lost
  fi
}
pb_adopt() {
  printf '%s%sF %s %s %s\n' "$pb_say" "$pb_token" "$1" "$pb_fate" "${pb_c#*.}" >&9
  pb_say=
  if [ "$pb_fate" = lost ]; then pb_end_said "$1" 1 "" "$3"; return; fi
  [ ! -s "$pb_d/v.${pb_c%.*}" ] || pb_hand "V $1 &" "$pb_d/v.${pb_c%.*}"
  for pb_f in "$pb_d/b.$pb_c".*; do
    [ ! -f "$pb_f" ] || pb_hand "V $1 ${pb_f#"$pb_d/b.$pb_c."}" "$pb_f"
  done
  [ ! -s "$pb_d/o.$pb_c" ] || pb_hand "O $1" "$pb_d/o.$pb_c"
  [ ! -s "$pb_d/e.$pb_c" ] || pb_hand "E $1" "$pb_d/e.$pb_c"
  pb_end_said "$1" "$pb_got" "$2" "$3"
}
pb_forget_all() {
  pb_alive=
  for pb_f in "${TMPDIR:-/tmp}" /tmp "$HOME" /dev/shm; do
    for pb_d in "$pb_f"/.pb-[0-9]*-"${pb_run%.*}".*-*; do
      case $pb_d in *-over | *-"$pb_run"-*) continue ;; esac
      [ -d "$pb_d" ] && [ -O "$pb_d" ] && [ ! -L "$pb_d" ] || continue
      if pb_lead "$pb_d" && pb_lives && sleep 1 && pb_lives; then pb_alive=1; else rm -rf "$pb_d"; fi
    done
  done
  [ -z "$pb_alive" ] || return 0
  for pb_f in "${TMPDIR:-/tmp}" /tmp "$HOME" /dev/shm; do
    for pb_d in "$pb_f"/.pb-[0-9]*-"${pb_run%.*}".*-over; do [ ! -O "$pb_d" ] || rm -f "$pb_d"; done
  done
}
pb_hand() { printf '%s\n' "$pb_token$1" >&9; pb_head "$2"; }
"""


def checksum(made: Fragment) -> str:
    """What tells the texts of a step's fragments from one another."""
    return f"{zlib.crc32((made.probe + made.apply).encode('utf-8', 'surrogateescape')):08x}"


def ask(index: int, claims: Sequence[Claim], text: str, now: float, *, dear: bool) -> str:
    """The command that finds out what became of a step sent under these claims, the newest last. `text` is its
    checksum, `now` UTC epoch seconds; `dear`: it may not run twice."""
    ages = [max(now - claim.at, 0.0) if claim.at else _LONG for claim in claims]
    # Beyond a week it is as if the host had been up for no time at all.
    age = round(max(ages)) + 2
    age = age if age < KEEP_S else 1 << 40
    names = [quote(f"{claim.run}/{claim.trip}.{claim.index}") for claim in reversed(claims)]
    return " ".join((f"pb_ask {index} {text} '{int(dear) or ''}' {age}", *names))


def kept(data: bytes, index: int) -> tuple[dict[str, bytes], bool]:
    """What line `index` of a trip reported, out of all that was kept of the trip, and whether its probe differed."""
    values: dict[str, bytes] = {}
    differs = False
    at = 0
    while (end := data.find(b"\n", at)) >= 0:
        number, kind, size, key = data[at:end].split(b" ", 3)
        at = end + 1 + int(size)
        if at >= len(data):
            break
        if int(number) == index and kind == b"D":
            differs = True
        elif int(number) == index:
            values[key.decode("utf-8", "surrogateescape")] = data[end + 1 : at]
        at += 1
    return values, differs
