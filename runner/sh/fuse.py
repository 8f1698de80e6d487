"""Steps joined to one compound command of a session: what travels as a trip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

from runner.model.call import Effect, Fragment, Line, Trip
from runner.sh.asking import ASKING, ask, checksum
from runner.sh.batching import ahead as looking_ahead
from runner.sh.quote import quote
from runner.sh.watching import WATCHING

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# Set by the shell itself or by the prelude; IFS would break the prelude's own splitting.
_RESERVED: Final = frozenset({"IFS", "UID", "EUID", "PPID", "GID", "EGID"})


def trip_text(
    trip: Trip, token: str, uploads: Mapping[tuple[int, str], str], *, settled: bool = True, now: float = 0.0
) -> str:
    """The text of a whole trip, to be sent in one piece to a session that said `Ready`.

    `uploads` maps (step's index, upload's name) to the absolute path of the file on the host; these files are removed
    when the trip is over, after its `TripDone`. `settled`: nothing of earlier trips has to be kept in the session's
    folder any more. `now` is UTC epoch seconds. It is one compound command, because dash and busybox read their stdin
    ahead, and nothing runs before its last byte has come. Raises StepError when a text holds NUL, ValueError when a
    text holds the token.
    """
    parts = ["{", "pb_trip=$((pb_trip + 1)) pb_stop= pb_over="]
    if settled:
        parts.append("pb_trip_new")
    if any(is_asked(line) for line in trip.lines):
        parts.append(ASKING)
    if any(_is_watched(line) for line in trip.lines):
        parts.append(WATCHING)
    ahead = {line.index: _ahead(after) for line, after in zip(trip.lines, (*trip.lines[1:], None), strict=True)}
    looks = looking_ahead(trip.lines)
    for _, lines in groupby(trip.lines, key=lambda line: line.group):
        texts = (
            (looks.get(line.index, ""), _asked_step(line, uploads, ahead[line.index], trip, now)) for line in lines
        )
        steps = "\n".join(text for pair in texts for text in pair if text)
        parts.append(f'if [ -z "$pb_stop" ]; then\n{steps}\nfi')
    parts.append("pb_trip_end")
    if uploads or any(_keeps_files(line) for line in trip.lines):
        parts.append(" ".join(["pb_clear", *(quote(path) for path in uploads.values())]))
    parts.append("}\n")
    text = "\n".join(parts)
    if token in text:
        raise ValueError("a step's text holds the session's token")
    return text


def _keeps_files(line: Line) -> bool:
    """Whether the step puts something into the session's folder (a script, what a command reads)."""
    return "$pb_dir/" in line.fragment.probe + line.fragment.apply


def is_claimed(line: Line) -> bool:
    """Whether the step may change its host, so that its session's folder keeps what becomes of it."""
    fragment = line.fragment
    return bool(fragment.apply) and fragment.effect is not Effect.READ and not line.check and not _runs_bare(line)


def is_asked(line: Line) -> bool:
    """Whether the host is to say what became of the step before it may run: it was sent before, and not heard of."""
    return bool(line.earlier) and is_claimed(line)


def differs_for_certain(line: Line) -> bool:
    """Whether the step has no probe to speak of: it runs, and the host need not say so."""
    return line.fragment.probe.strip() == "pb_differs" and bool(line.fragment.apply) and not line.check


def _ahead(after: Line | None) -> str:
    """What a step's end has to know of the one after it: there is none, or it is over so soon, and says so little on
    its way, that both may answer in one packet."""
    if after is None:
        return "last"
    return "more" if _runs_bare(after) and after.timeout_s is None else "''"


def _asked_step(line: Line, uploads: Mapping[tuple[int, str], str], ahead: str, trip: Trip, now: float) -> str:
    step = _step(line, uploads, ahead, trip)
    if not is_asked(line):
        return step
    dear = line.fragment.effect is Effect.UNSAFE
    begin = f"pb_begin {line.index}\n" if line.timeout_s is not None else ""
    question = ask(line.index, line.earlier, checksum(line.fragment), now, dear=dear)
    answer = f"pb_adopt {line.index} '{int(line.tolerant) or ''}' {ahead}"
    return f"{begin}{question}\nif [ $pb_fate = absent ]; then\n{step}\nelse {answer}\nfi"


def _step(line: Line, uploads: Mapping[tuple[int, str], str], ahead: str, trip: Trip) -> str:
    index = line.index
    # What a child that was left behind may still write to has a name that nothing else will have. Files that only our
    # own text writes to are used again: a file system may take longer to make one than all the rest of the step.
    files = f"{trip.id if trip.run else '$pb_trip'}.{index}" if _leaves_children(line) else "own"
    # Only a deadline needs to know when the step began; else it began when the one before it ended.
    begin = f"pb_begin {index}\n" if line.timeout_s is not None else ""
    claim = f"{trip.id}.{index}" if trip.run and is_claimed(line) else ""
    if claim:
        begin += f"pb_claim {claim} {checksum(line.fragment)}\n"
    code = "$?"
    watched = ""
    if _is_watched(line):
        begin += f"pb_watch {index} {files}\n"
        code, watched = "$pb_code", "pb_code=$?\npb_unwatch\n"
    return (
        f"{begin}{_compound(line, uploads, trip.id if claim else 0)} </dev/null "
        f'>"$pb_dir/o.{files}" 2>"$pb_dir/e.{files}"\n'
        f"{watched}pb_end {index} {code} {files} '{int(line.tolerant) or ''}' {ahead} {claim}"
    )


def _is_watched(line: Line) -> bool:
    """Whether what the user's command prints is to be sent while it runs."""
    return line.stream and not line.check and _leaves_children(line)


def _leaves_children(line: Line) -> bool:
    """Whether the step runs something of the user's, which may leave a process behind."""
    fragment = line.fragment
    return not _runs_bare(line) and "pb_user_" in fragment.probe + fragment.apply


def _runs_bare(line: Line) -> bool:
    """Whether the step is nothing but words that the session's shell can run itself."""
    return bool(line.fragment.bare) and differs_for_certain(line) and not line.environment


def _compound(line: Line, uploads: Mapping[tuple[int, str], str], kept: int) -> str:
    """The step as one compound command: a subshell, so that what it does to its shell ends with it. `kept`: the trip
    under which the folder keeps what it reports, or 0."""
    body = "\n".join(part for part in _body(line, uploads, kept) if part)
    if not _runs_bare(line):
        return _unless(line.fragment, line.index, kept, f"(\n{body}\n)")
    # Another shell than /bin/sh may read the words in another way.
    return f'if [ "$0" = /bin/sh ]; then {line.fragment.bare}\nelse (\n{body}\n)\nfi'


def _unless(fragment: Fragment, index: int, kept: int, whole: str) -> str:
    """The whole step, unless the session's shell can tell without it that nothing is to be done."""
    if not fragment.unless:
        return whole
    return f"if pb_index={index} pb_kept={kept or ''}; {fragment.unless}; then pb_kept=\nelse pb_kept=\n{whole}\nfi"


def _body(line: Line, uploads: Mapping[tuple[int, str], str], kept: int) -> Iterator[str]:
    """The text inside the step's subshell: what it knows, its environment, the probe and perhaps the apply."""
    fragment = line.fragment
    check = "1" if line.check else ""
    differs = "1" if differs_for_certain(line) else ""
    yield f"pb_index={line.index} pb_check={check} pb_diff={differs} pb_want_mode="
    if kept:
        yield f"pb_kept={kept} pb_dear={int(fragment.effect is Effect.UNSAFE) or ''}"
    for upload in fragment.uploads:
        yield f"pb_up_{upload.name}={quote(uploads[line.index, upload.name])}"
    for name, value in line.environment.items():
        yield _export(name, value)
    if differs_for_certain(line):
        yield fragment.apply
        return
    yield fragment.probe
    if fragment.apply and not line.check:
        yield f'if [ -n "$pb_diff" ]; then\n{fragment.apply}\nfi'


def _export(name: str, value: str) -> str:
    if not _NAME.fullmatch(name) or name.startswith("pb_") or name in _RESERVED:
        return f"pb_fail {quote(f'environment: {name!r} is not a name that can be set')}"
    if name == "LC_ALL":
        # The prelude's own tools must speak English; what the user wrote gets it in pb_user_run.
        return f"pb_lc_set=1 pb_lc_all={quote(value)}"
    return f"export {name}={quote(value)}"
