"""Why a step failed, in plain words: what its fragment said, and what the tools it used complained about."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from runner.model.call import Fragment, Outcome, Reply, failed

# strerror texts (LC_ALL=C; glibc, musl and BSD agree) and what they mean to a reader who knows the file concerned.
_CAUSES: Final = (
    ("no space left on device", "the disk is full (No space left on device)"),
    ("disk quota exceeded", "the disk quota is used up (Disk quota exceeded)"),
    ("read-only file system", "the file system is read-only"),
    ("permission denied", "permission denied"),
    ("operation not permitted", "the operation is not permitted"),
    ("not a directory", "a part of the path is not a directory"),
    ("file name too long", "the file name is too long"),
    ("too many levels of symbolic links", "too many symbolic links"),
    ("input/output error", "input/output error"),
    ("directory not empty", "the directory is not empty"),
    ("no such file or directory", "no such file or directory"),
    ("nonexistent directory", "no such file or directory"),  # dash: "cannot create …: Directory nonexistent"
    ("directory nonexistent", "no such file or directory"),
)


def text(data: bytes) -> str:
    """Bytes of a host as text; what is not UTF-8 becomes surrogates (PEP 383)."""
    return data.decode("utf-8", "surrogateescape")


def value(reply: Reply, key: str, default: str = "") -> str:
    """A reported value as text."""
    return text(reply.values[key]) if key in reply.values else default


def complaint(stderr: bytes) -> str:
    """The known cause in what a tool printed, its last line if none is known, "" if it said nothing."""
    lowered = stderr.lower()
    for mark, cause in _CAUSES:
        if mark.encode() in lowered:
            return cause
    lines = text(stderr).strip().splitlines()
    return lines[-1].strip() if lines else ""


def warned(made: Outcome | Fragment, *messages: str) -> Outcome | Fragment:
    """The outcome with warnings; a further fragment as it is."""
    if not messages or isinstance(made, Fragment):
        return made
    return replace(made, warnings=(*made.warnings, *messages))


def failure(reply: Reply) -> Outcome | None:
    """The failed outcome of a step whose fragment ended with rc != 0 or at its deadline; None if it went well."""
    if reply.timed_out:
        return failed("Timed out", rc=reply.rc)
    if reply.rc == 0:
        return None
    said, cause = value(reply, "msg"), complaint(reply.stderr)
    msg = f"{said}: {cause}" if said and cause else said or cause or f"the step ended with code {reply.rc}"
    return failed(msg)
