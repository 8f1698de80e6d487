"""A saved plan as a value, and as the JSON of its file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, field, replace
from hashlib import sha256
from typing import Any, Final

from runner.errors import PbrunError
from runner.model.quick import dataclass

FORMAT: Final = 1
KIND: Final = "pbrun plan"


class NoPlan(PbrunError):
    """A file that is no plan, or (`once`) one that was changed since it was written or is of another version."""

    def __init__(self, message: str, *, once: bool = False) -> None:
        super().__init__(message)
        self.once = once


@dataclass(frozen=True, slots=True)
class Foretold:
    """What would be done by a step: one task on one host, and one item of its loop (`item` as JSON, "" without one).

    `says`: `same`, `change` or `unknown`. `args`: the digest of its rendered arguments; `observed`: one of what was
    found on the host and of what would be put there. `final`: not one round of a loop, whose whole follows. `diff`:
    before and after, with secrets masked.
    """

    task_id: str
    task: str
    place: str
    host: str
    item: str
    module: str
    status: str
    says: str
    args: str = ""
    observed: str = ""
    msg: str = ""
    final: bool = True
    diff: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a run would do. `words` are those of the command line, `cwd` where it was given; `masked`: some of them are
    secrets, which are not kept. `seal` (hex) is the key of its digests. `files`: each file read and its sha256, below
    `cwd` with a path from there; `variables`: a digest of each variable of the inventory, by group or host and name.
    `answers` to questions of `vars_prompt`, by play and name; of `private_answers` only digests.
    """

    version: str
    made: str
    cwd: str
    words: tuple[str, ...]
    masked: bool
    seal: str
    files: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    git: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Foretold, ...] = ()
    answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    private_answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The sha256 of all that it says."""
        return sha256(_canonical(asdict(self))).hexdigest()

    def count(self, says: str) -> int:
        """Of how many tasks on a host it says that."""
        return sum(step.says == says and step.final for step in self.steps)

    @property
    def hosts_that_change(self) -> tuple[str, ...]:
        """The hosts on which something changes or may change, in order."""
        return tuple(dict.fromkeys(step.host for step in self.steps if step.says != "same"))


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def encode(plan: SavedPlan) -> str:
    """The text of its file."""
    return json.dumps({"kind": KIND, "format": FORMAT, "digest": plan.digest, **asdict(plan)}, indent=1) + "\n"


def decode(text: str) -> SavedPlan:
    """The plan of a file's text. Raises NoPlan if it is none, is of a newer format, or is not as it was written."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        raise NoPlan("it is not JSON") from None
    if not isinstance(read, dict) or read.get("kind") != KIND:
        raise NoPlan("it is no plan of pbrun")
    if read.get("format") != FORMAT:
        raise NoPlan(f"its format is {read.get('format')!r}, and this pbrun reads {FORMAT}", once=True)
    digest = read.get("digest")
    try:
        plan = SavedPlan(**{name: value for name, value in read.items() if name not in ("kind", "format", "digest")})
        steps = tuple(_step(step) for step in plan.steps)
        plan = replace(plan, words=tuple(plan.words), steps=steps)
        fits = plan.digest == digest
    except (TypeError, ValueError, AttributeError):
        raise NoPlan("a field of it is missing or of another kind", once=True) from None
    if not fits:
        raise NoPlan("it was changed since it was written: its digest does not fit", once=True)
    return plan


def _step(read: Any) -> Foretold:
    made = Foretold(**read)
    return replace(made, diff=tuple(made.diff))


def keyed(steps: Sequence[Foretold]) -> dict[tuple[str, str, str], list[Foretold]]:
    """The steps by task, host and item; a task that runs more than once (a handler, a role used twice) has several."""
    found: dict[tuple[str, str, str], list[Foretold]] = {}
    for step in steps:
        found.setdefault((step.task_id, step.host, step.item), []).append(step)
    return found
