"""Steps joined to one compound command of a session: what travels as a trip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

from runner.model.call import Line, Trip
from runner.sh.quote import quote

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# Set by the shell itself or by the prelude; IFS would break the prelude's own splitting.
_RESERVED: Final = frozenset({"IFS", "UID", "EUID", "PPID", "GID", "EGID"})


def trip_text(trip: Trip, token: str, uploads: Mapping[tuple[int, str], str]) -> str:
    """The text of a whole trip, to be sent in one piece to a session that said `Ready`.

    `uploads` maps (step's index, upload's name) to the absolute path of the file on the host; these files are removed
    when the trip is over, after its `TripDone`. It is one compound command, because dash and busybox read their stdin
    ahead, and nothing runs before its last byte has come. Raises StepError when a text holds NUL, ValueError when a
    text holds the token.
    """
    parts = ["{", "pb_trip=$((pb_trip + 1)) pb_stop= pb_over="]
    last = trip.lines[-1].index
    for _, lines in groupby(trip.lines, key=lambda line: line.group):
        steps = "\n".join(_step(line, uploads, ends=line.index == last) for line in lines)
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


def differs_for_certain(line: Line) -> bool:
    """Whether the step has no probe to speak of: it runs, and the host need not say so."""
    return line.fragment.probe.strip() == "pb_differs" and bool(line.fragment.apply) and not line.check


def _step(line: Line, uploads: Mapping[tuple[int, str], str], *, ends: bool) -> str:
    index = line.index
    body = "\n".join(part for part in _body(line, uploads) if part)
    # Only a deadline needs to know when the step began; else it began when the one before it ended.
    begin = f"pb_begin {index}\n" if line.timeout_s is not None else ""
    return (
        f"{begin}(\n{body}\n) "
        f'</dev/null >"$pb_dir/o.$pb_trip.{index}" 2>"$pb_dir/e.$pb_trip.{index}"\n'
        f"pb_end {index} $? '{int(line.tolerant) or ''}' '{int(ends) or ''}'"
    )


def _body(line: Line, uploads: Mapping[tuple[int, str], str]) -> Iterator[str]:
    """The text inside the step's subshell: what it knows, its environment, the probe and perhaps the apply."""
    fragment = line.fragment
    check = "1" if line.check else ""
    differs = "1" if differs_for_certain(line) else ""
    yield f"pb_index={line.index} pb_check={check} pb_diff={differs} pb_want_mode="
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
