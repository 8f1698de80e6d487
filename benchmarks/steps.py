"""What a workload does on each host, as plain data that every tool's own language is written from.

Paths are relative: those of sources to the folder of sources, those on hosts to a folder that each host has of its own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Say:
    """One command that prints a line. `suffix` stands behind it in playbooks: with one, it is a line for a shell that
    might look at other hosts, so every task waits for all of them, and each starts a shell of its own."""

    line: str
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class SayEach:
    """One task that loops over lines and prints each."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that has to be there."""

    path: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A source file that has to be on the host."""

    source: str
    path: str


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder of sources whose files have to be in a folder of the host."""

    source: str
    path: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """A file of the host that is brought here; it has the bytes of `source`."""

    path: str
    source: str


@dataclass(frozen=True, slots=True)
class Remember:
    """A fact that is set from another variable: no work on the host."""

    name: str


@dataclass(frozen=True, slots=True)
class Show:
    """A message that tells a fact: no work on the host."""

    name: str


Step = Say | SayEach | Folder | Copy | Tree | Fetch | Remember | Show


def printed(step: Step) -> tuple[str, ...]:
    """The lines that a step prints on each host."""
    if isinstance(step, Say):
        return (step.line,)
    return step.lines if isinstance(step, SayEach) else ()
