"""What a host answered to `facts_script`, as text that the parsers ask for by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from runner.model.quick import dataclass

Facts = dict[str, object]


@dataclass(frozen=True, slots=True)
class Source:
    """`values`: what single commands said; `files`: lines of files by path; `exist`: paths that are there."""

    values: Mapping[str, str]
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exist: frozenset[str] = frozenset()

    def get(self, name: str) -> str:
        """What the command `name` said, "" if it was not asked or failed."""
        return self.values.get(name, "")

    def file(self, path: str) -> str:
        """A file's text without its last newline, "" if it cannot be read."""
        return "\n".join(self.files.get(path, ()))

    def line(self, path: str) -> str:
        """A file's first line, stripped."""
        return self.files.get(path, ("",))[0].strip()


def source(values: Mapping[str, bytes]) -> Source:
    """The answers of a reply; bytes that are not UTF-8 become surrogates (PEP 383)."""
    texts = {name: value.decode("utf-8", "surrogateescape") for name, value in values.items()}
    files: dict[str, list[str]] = {}
    for line in texts.pop("files", "").splitlines():
        # No path that is asked for has a colon in it.
        path, colon, rest = line.partition(":")
        if colon and path.startswith("/"):
            files.setdefault(path, []).append(rest)
    exist = frozenset(texts.pop("exist", "").split())
    return Source(texts, {path: tuple(found) for path, found in files.items()}, exist)


def assignments(text: str) -> dict[str, str]:
    """The variables of a file like os-release: `NAME="value"` with the shell's quotes taken off.

    https://www.freedesktop.org/software/systemd/man/latest/os-release.html
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or not name.isidentifier():
            continue
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        for escaped in ('\\"', "\\$", "\\`", "\\\\"):
            value = value.replace(escaped, escaped[1])
        found[name] = value
    return found
