"""The text every shell session begins with: the wire, the private folder, and the functions that fragments call."""

from __future__ import annotations

import re
from typing import Final

from runner.sh.batching import BATCHING
from runner.sh.keeping import KEEPING, NOTE, Owner, owner_text
from runner.sh.looking import LOOKING
from runner.sh.placing import PLACING

OUTPUT_LIMIT: Final = 64 << 20  # bytes of one stream of one step that leave the host: the first and the last ones

_HEX: Final = re.compile("[0-9a-f]{16,}")

# Written once, before any function: fd 9 is the wire, fd 1 leads nowhere, so that nothing else can speak on it.
# A shell whose printf is a program would show the token in an argument (mksh): it is turned away.
# In the end the shell itself becomes `rm`: one process less for each session.
_BEGIN: Final = r"""
exec 9>&1 1>/dev/null
set +e +u +x +v +a
unset IFS CDPATH
pb_nl='
'
pb_start=$(command -v printf; umask)
case $pb_start in printf"$pb_nl"*) ;; *)
echo "${pb_token}R this shell has no builtin printf; set ansible_shell_executable to dash, bash, ash or ksh93" >&9
exit 3 ;;
esac
pb_umask=${pb_start#*"$pb_nl"}
pb_lc_set=${LC_ALL+1} pb_lc_all=${LC_ALL-}
LC_ALL=C
export LC_ALL
: "${HOME:=/}"
cd . 2>/dev/null || cd "$HOME" 2>/dev/null || cd /
pb_dir=
PB_NOTE
pb_gone() {
  trap '' HUP INT PIPE TERM
  trap - EXIT
  if [ -n "$pb_keep" ]; then rm -f "$pb_dir"/[ius].*
  elif [ -n "$pb_dir" ]; then
    [ "$1" != 0 ] || exec rm -rf "$pb_dir"
    rm -rf "$pb_dir"
  fi
  exit "$1"
}
trap 'pb_gone $?' EXIT
trap 'pb_gone 129' HUP
trap 'pb_gone 130' INT
trap 'pb_gone 141' PIPE
trap 'pb_gone 143' TERM
pb_make_dir() {
  case $1 in *"$pb_nl"*) return 1 ;; /*) ;; *) return 1 ;; esac
  mkdir -m 700 "$1/$pb_name" 2>/dev/null || return 1
  pb_dir=$1/$pb_name
  { printf '%s\n' "$pb_note" >"$pb_dir/j" && [ -s "$pb_dir/j" ]; } 2>/dev/null && return
  rm -rf "$pb_dir"
  pb_dir=
  return 1
}
pb_make_dir "${TMPDIR:-/tmp}" || pb_make_dir "$HOME" || pb_make_dir /dev/shm || {
  printf '%sR no folder can be made in %s, %s or /dev/shm (full or read-only?)\n' \
    "$pb_token" "${TMPDIR:-/tmp}" "$HOME" >&9
  exit 3
}
""".replace("PB_NOTE", NOTE)

# What a fragment may use wherever it runs: in a session, or in a job of its own.
PLAINLY: Final = r"""
pb_fail() { pb_kv msg "$1"; exit "${2:-1}"; }
pb_skip() { pb_kv skip_msg "$1"; exit 0; }
pb_have() { command -v "$1" >/dev/null 2>&1; }
pb_octal() { pb_octal=$(($1 >> 9 & 7))$(($1 >> 6 & 7))$(($1 >> 3 & 7))$(($1 & 7)); }
pb_user_run() {
  case $1 in
  -*) pb_fail "a command cannot begin with a dash: $1" 2 ;;
  */*)
    [ -e "$1" ] || pb_fail "[Errno 2] No such file or directory: '$1'" 2
    { [ -x "$1" ] && [ ! -d "$1" ]; } || pb_fail "[Errno 13] Permission denied: '$1'" 13
    ;;
  *) command -v "$1" >/dev/null 2>&1 || pb_fail "[Errno 2] No such file or directory: '$1'" 2 ;;
  esac
  if [ -n "$pb_lc_set" ]; then LC_ALL=$pb_lc_all; else unset LC_ALL; fi
  exec "$@" 9>&-
}
pb_user_own() {
  if [ -n "$pb_lc_set" ]; then LC_ALL=$pb_lc_all; else unset LC_ALL; fi
  unset pb_token pb_nonce
  exec 9>&-
}
"""

# What a fragment may say, and what stands around it. `pb_index` is the step's number in its trip. Output files of
# what the user wrote have names of their own, because a child left behind may still write to one; they are emptied at
# once (no process) and removed when there are many. Short printable output is read by the shell itself (`pb_quick`)
# and travels in one write with the end of its step, and with the ends of those before it that were not worth a packet:
# no process, one packet. `read` drops NUL bytes, so that what was read is only believed if it is as long as the kernel
# says the file's offset is; anything else goes through `head`.
_SPEAKING: Final = r"""
pb_say_now() {
  trap '' PIPE
  printf %s "$1" >&9 2>&- || exec 9>/dev/null
  trap - PIPE
}
pb_kv() {
  if [ -z "$pb_kept" ]; then printf '%sV %s %s\n%s' "$pb_token" "$pb_index" "$1" "$2" >&9; return; fi
  printf '%s V %s %s\n%s\n' "$pb_index" ${#2} "$1" "$2" >>"$pb_dir/v.$pb_kept"
  pb_say_now "${pb_token}V $pb_index $1$pb_nl$2"
}
pb_blob() {
  if [ -n "$pb_dear" ]; then cat <"$2" >"$pb_dir/b.$pb_kept.$pb_index.$1"
  elif [ -n "$pb_kept" ]; then echo "M $pb_kept.$pb_index ." >>"$pb_dir/j"
  fi
  pb_say_now "${pb_token}V $pb_index $1$pb_nl"
  pb_head "$2"
}
pb_differs() {
  [ -z "$pb_diff" ] || return 0
  pb_diff=1
  [ -z "$pb_kept" ] || printf '%s D 0 -\n\n' "$pb_index" >>"$pb_dir/v.$pb_kept"
  pb_say_now "${pb_token}D $pb_index$pb_nl"
}
pb_head() {
  {
    head -c HALF_LIMIT >&9 || { cat >&9; return; }
    pb_at=HALF_LIMIT
    read -r pb_key pb_at </proc/self/fdinfo/3
    [ "$pb_at" -lt HALF_LIMIT ] || tail -c HALF_LIMIT >&9
  } <"$1" 3<&0 2>/dev/null
}
pb_begin() { printf '%sS %s\n' "$pb_token" "$1" >&9; }
pb_quick() {
  pb_text= pb_at=
  {
    while IFS= read -r pb_line; do
      case $pb_line in *[!\ -~]*) return 1 ;; esac
      pb_text=$pb_text$pb_line$pb_nl
      [ ${#pb_text} -lt 2000 ] || return 1
    done
    case $pb_line in *[!\ -~]*) return 1 ;; esac
    pb_text=$pb_text$pb_line
    read -r pb_key pb_at </proc/self/fdinfo/3 || return 1
  } <"$1" 3<&0 2>/dev/null
  [ "$pb_at" = ${#pb_text} ]
}
pb_stream() {
  [ -s "$3" ] || return 0
  if pb_quick "$3"; then pb_say=$pb_say$pb_token"$1 $2"$pb_nl$pb_text; return 0; fi
  printf '%s%s%s %s\n' "$pb_say" "$pb_token" "$1" "$2" >&9
  pb_say=
  pb_head "$3"
  case $4 in "" | own) true >"$3" ;; *) pb_big="$pb_big ${3##*/}" ;; esac
}
pb_end() {
  [ -z "$6" ] || pb_ended "$6" "$2" "$3"
  pb_stream O "$1" "$pb_dir/o.$3" "${6:+$3}"
  pb_stream E "$1" "$pb_dir/e.$3" "${6:+$3}"
  pb_end_said "$1" "$2" "$4" "$5"
}
pb_end_said() {
  [ "$2" = 0 ] || [ -n "$3" ] || pb_stop=$1
  pb_say=$pb_say$pb_token"X $1 $2"$pb_nl
  case $4$pb_stop in
  more) return ;;
  last*) pb_over=1 pb_say=$pb_say$pb_token"Z ${pb_stop:--}"$pb_nl ;;
  esac
  printf %s "$pb_say" >&9
  pb_say=
}
pb_trip_end() { [ -n "$pb_over" ] || printf '%sZ %s\n' "$pb_token" "${pb_stop:--}" >&9; }
pb_clear() { rm -f "$pb_dir"/[is].* "$@" 2>/dev/null; }
pb_sweep_up() { rm -f "$pb_dir"/[eo].* 2>/dev/null; }
pb_trip_new() {
  [ -z "$pb_big" ] || pb_settled
  [ "$pb_trip" -lt "$pb_sweep" ] || { pb_sweep=$((pb_trip + 64)); pb_sweep_up; }
}
pb_trip=0 pb_sweep=64 pb_say= pb_dear=
"""

# bash tells its stderr about a killed child, and quotes the child's text: nobody is to read that.
_READY: Final = r"""
exec 2>/dev/null
printf '%sA %s %s\n' "$pb_token" "$$" "$pb_dir" >&9
"""


# What fragments call to look at files and to place them: two thirds of all there is, for a shell to read and to take
# along whenever it forks.
LIBRARY: Final = "".join((LOOKING, PLACING, BATCHING))
_WORD: Final = re.compile(r"pb_\w+")
_IN_LIBRARY: Final = frozenset(re.findall(r"^(pb_\w+)\(\)", LIBRARY, re.MULTILINE))


def equipped(text: str) -> str:
    """A trip's text, behind `LIBRARY` if it names anything of it. A session needs that once."""
    return text if _IN_LIBRARY.isdisjoint(_WORD.findall(text)) else LIBRARY + text


def session_script(token: str, nonce: str, owner: Owner | None = None) -> str:
    """The text to send once to `exec /bin/sh` on stdin; the shell answers with a `Ready` (or `Refused`) record.

    `token` and `nonce` are at least 64 (better 128) random bits in hex: the token is on the wire alone, the nonce
    also names the private folder and private temporary files. `owner`: the run whose steps the folder keeps. See also
    `equipped`.
    """
    if not _HEX.fullmatch(token) or not _HEX.fullmatch(nonce):
        raise ValueError("token and nonce must be random hex")
    return "".join(
        (
            f"pb_token={token}\npb_nonce={nonce}\n{owner_text(owner, nonce)}",
            _BEGIN,
            _SPEAKING.replace("HALF_LIMIT", str(OUTPUT_LIMIT // 2)),
            KEEPING if owner else "",
            PLAINLY,
            _READY,
        )
    )
