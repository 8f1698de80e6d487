"""Jobs: fragments that go on by themselves on their host, in a session of their own; a folder gets their result.

A job is a folder, `FOLDER/JOB`: private (0700), claimed by one atomic `mkdir`, with 128 random bits in its name. The
job's shell reads its text from a pipe, so that what it runs stands in no file and no argument. In the folder are

    pid boot   the job's shell, and the boot of the host it lives in (to tell a dead job from a slow one)
    start      when it began (epoch seconds of the host)
    o e        what it printed
    v.KEY      what it reported with pb_kv and pb_blob
    differs    there if its probe said so
    end        its exit code (or `late`: its time was over and its processes were ended) and when it ended

`end` is written beside and renamed, so that it is whole as soon as it is there; whoever reads it needs no lock. A job
has a time limit and keeps it itself: one `sleep`, no loop. Nobody has to be connected while it runs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from runner.model.call import Effect, Fragment, Reply
from runner.model.quick import dataclass
from runner.sh.batching import BATCHING
from runner.sh.ending import END_BELOW
from runner.sh.looking import LOOKING
from runner.sh.placing import PLACING
from runner.sh.prelude import PLAINLY
from runner.sh.quote import path, quote
from runner.sh.verdict import value

HOME: Final = "~/.pbrun/jobs"

# What the job's shell runs, with fd 9 leading nowhere: what the fragment reports goes to files.
_SHELL: Final = r"""
pb_lc_set=$1 pb_lc_all=$2 pb_umask=$3 pb_dir=$4 pb_limit=$5 pb_own=$6
set +e +u +x +v +a
unset IFS CDPATH
pb_nl='
'
LC_ALL=C
export LC_ALL
pb_kv() { printf %s "$2" >"$pb_dir/v.$1"; }
pb_blob() { cat <"$2" >"$pb_dir/v.$1"; }
pb_differs() { pb_diff=1; true >"$pb_dir/differs"; }
"""
# dash 0.5.12 takes `--` for a process: the group is killed without it.
_LEAD: Final = r"""
pb_child=$! pb_late=
date +%s >"$pb_dir/start"
trap 'pb_late=1' USR1
(
  trap 'kill "$pb_nap" 2>/dev/null; exit 0' TERM
  sleep "$pb_limit" &
  pb_nap=$!
  wait "$pb_nap"
  kill -USR1 $$
) </dev/null >/dev/null 2>&1 &
pb_timer=$!
wait "$pb_child"
pb_rc=$?
if [ -n "$pb_late" ]; then
  pb_end_below "$pb_child" too
  pb_rc=late
else
  kill "$pb_timer"
fi
printf '%s %s\n' "$pb_rc" "$(date +%s)" >"$pb_dir/end.new" && mv -f "$pb_dir/end.new" "$pb_dir/end"
[ -z "$pb_late" ] || [ -z "$pb_own" ] || kill -KILL "-$$"
exit 0
"""

# In a folder that others may write to, they could put a job of theirs in the place of ours.
_CLAIM: Final = r"""
(umask 077; mkdir -p "$pb_jobs") || pb_fail "the folder of jobs cannot be made: $pb_jobs"
pb_jobs=$(cd "$pb_jobs" && pwd -P) || pb_fail "the folder of jobs cannot be entered: $pb_jobs"
pb_stat "$pb_jobs"
[ "$pb_uid" = "$(id -u)" ] || [ "$pb_uid" = 0 ] || pb_fail "the folder of jobs belongs to $pb_user: $pb_jobs"
[ $((0$pb_mode & 022)) = 0 ] || [ $((0$pb_mode & 01000)) != 0 ] ||
  pb_fail "others may write to the folder of jobs: $pb_jobs"
pb_job=$pb_jobs/$pb_name
mkdir -m 700 "$pb_job" || pb_fail "the job's folder is there already or cannot be made: $pb_job"
"""

# Without setsid (BSD), the job at least outlives the session: nothing hangs it up.
_START: Final = r"""
cat /proc/sys/kernel/random/boot_id >"$pb_job/boot" 2>/dev/null
case $0 in /*sh) pb_sh=$0 ;; *) pb_sh=/bin/sh ;; esac
pb_own=
if pb_have setsid; then pb_own=setsid; else trap '' HUP; fi
pb_speak() { printf 'pb_nonce=%s\n%s' "$pb_nonce" "$pb_text"; }
pb_speak | $pb_own "$pb_sh" -s -- "$pb_lc_set" "$pb_lc_all" "$pb_umask" "$pb_job" "$pb_limit" "$pb_own" \
  >/dev/null 2>&1 9>&- &
echo $! >"$pb_job/pid"
pb_kv path "$pb_job"
"""

_LOOK: Final = r"""
pb_kv path "$pb_job"
pb_stat "$pb_job"
if [ "$pb_type" != dir ] || [ "$pb_uid" != "$(id -u)" ]; then pb_kv missing 1; exit 0; fi
pb_rc= pb_at=
pb_over() { { read -r pb_rc pb_at <"$pb_job/end"; } 2>/dev/null; }
pb_dead() {
  pb_boot= pb_now= pb_pid=
  { read -r pb_boot <"$pb_job/boot"; read -r pb_now </proc/sys/kernel/random/boot_id; } 2>/dev/null
  [ "$pb_boot" = "$pb_now" ] || return 0
  { read -r pb_pid <"$pb_job/pid"; } 2>/dev/null || return 1
  ! kill -0 "$pb_pid" 2>/dev/null
}
if ! pb_over; then
  if pb_dead && ! pb_over; then pb_kv gone 1; fi
  [ -n "$pb_rc" ] || exit 0
fi
pb_begun=$pb_at
{ read -r pb_begun <"$pb_job/start"; } 2>/dev/null
pb_kv rc "$pb_rc"
pb_kv start "$pb_begun"
pb_kv end "$pb_at"
[ ! -e "$pb_job/differs" ] || pb_kv differs 1
pb_blob stdout "$pb_job/o"
pb_blob stderr "$pb_job/e"
for pb_file in "$pb_job"/v.*; do
  [ ! -f "$pb_file" ] || pb_blob "${pb_file##*/}" "$pb_file"
done
exit 0
"""


@dataclass(frozen=True, slots=True)
class State:
    """How a job stands. `reply`: what its fragment answered, once it has ended by itself; `missing`: there is no such
    job; `gone`: it has ended without a result (killed, or its host was started anew); `late`: its time was over."""

    path: str
    missing: bool = False
    gone: bool = False
    late: bool = False
    reply: Reply | None = None

    @property
    def over(self) -> bool:
        """Whether nothing is left to wait for."""
        return self.missing or self.gone or self.late or self.reply is not None


def launch(made: Fragment, folder: str, name: str, limit_s: int) -> Fragment:
    """The fragment that starts `made` as the job `name` and returns at once; it reports its folder as `path`.

    `name` holds 128 random bits. Raises StepError for a path that is none."""
    moved = [
        f'mv "$pb_up_{upload.name}" "$pb_job/u.{upload.name}" || pb_fail "an upload cannot be kept"'
        for upload in made.uploads
    ]
    parts = [
        f"pb_jobs={path(folder)} pb_name={quote(name)} pb_limit={limit_s}",
        _CLAIM,
        *moved,
        f"pb_text={quote(_text(made))}",
        _START,
    ]
    effect = Effect.UNSAFE if made.effect is Effect.UNSAFE else Effect.IDEMPOTENT
    return replace(made, probe="pb_differs", apply="\n".join(parts), effect=effect)


def _text(made: Fragment) -> str:
    """All that the job's shell reads; one compound command, since a shell reads its stdin ahead."""
    uploads = [f'pb_up_{upload.name}="$pb_dir/u.{upload.name}"' for upload in made.uploads]
    body = "\n".join(
        (
            'pb_index=0 pb_check= pb_diff= pb_want_mode=\numask "$pb_umask"',
            *uploads,
            made.probe,
            f'if [ -n "$pb_diff" ]; then\n{made.apply or ":"}\nfi',
        )
    )
    child = f'(\n{body}\n) </dev/null >"$pb_dir/o" 2>"$pb_dir/e" 9>/dev/null &'
    return "\n".join(("{", _SHELL, PLAINLY, LOOKING, PLACING, BATCHING, END_BELOW, child, _LEAD, "}\n"))


def look(folder: str, name: str) -> Fragment:
    """The fragment that tells how the job stands; `read` reads its answer."""
    return Fragment(f"pb_job={path(f'{folder}/{name}')}\n{_LOOK}", effect=Effect.READ)


def remove(folder: str, name: str) -> Fragment:
    """The fragment that removes the job's folder; it reports `missing` if there is none."""
    probe = (
        f'pb_job={path(f"{folder}/{name}")}\npb_kv path "$pb_job"\npb_stat "$pb_job"\n'
        'if [ "$pb_type" != dir ] || [ "$pb_uid" != "$(id -u)" ]; then pb_kv missing 1; exit 0; fi\npb_differs'
    )
    return Fragment(probe, 'rm -rf "$pb_job" || pb_fail "the job\'s folder cannot be removed"')


def read(reply: Reply) -> State:
    """How a job stands, from what `look` or `remove` reported."""
    where, rc = value(reply, "path"), value(reply, "rc")
    if "missing" in reply.values or "gone" in reply.values or not rc or rc == "late":
        return State(where, "missing" in reply.values, "gone" in reply.values, rc == "late")
    values = {key[2:]: data for key, data in reply.values.items() if key.startswith("v.")}
    ended = Reply(
        reply.trip,
        reply.index,
        int(rc),
        "differs" in reply.values,
        values,
        reply.values.get("stdout", b""),
        reply.values.get("stderr", b""),
        float(value(reply, "start") or 0),
        float(value(reply, "end") or 0),
        truncated=reply.truncated,
    )
    return State(where, reply=ended)
