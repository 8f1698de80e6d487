"""apt's one-line sources (`deb URI suite component…`) as Ansible's apt_repository reads, names and writes them.

The form: https://manpages.debian.org/bookworm/apt/sources.list.5.en.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from runner.model.quick import dataclass

MAIN_FILE: Final = "/etc/apt/sources.list"
FOLDER: Final = "/etc/apt/sources.list.d"
PPA_URI: Final = "https://ppa.launchpadcontent.net"
_TYPES: Final = ("deb", "deb-src")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file. `valid`: it is a source; `enabled`: it is not commented out."""

    valid: bool
    enabled: bool
    source: str
    comment: str = ""

    @property
    def text(self) -> str:
        """The line as it is written."""
        return f"{'' if self.enabled else '# '}{self.source}{f' # {self.comment}' if self.comment else ''}\n"


Files = dict[str, list[Line]]


def parsed(text: str) -> Line:
    """A line of a file, or a source as a user gives it."""
    line = text.strip()
    enabled = not line.startswith("#")
    if not enabled:
        line = line[1:]
    comment = ""
    at = line.find("#")
    if at > 0:
        line, comment = line[:at], line[at + 1 :].strip()
    source = line.strip()
    words = source.split()
    if words and words[0] in _TYPES:
        return Line(True, enabled, " ".join(words), comment)
    return Line(False, enabled, source, comment)


def written(lines: list[Line]) -> str:
    """A file's text."""
    return "".join(line.text for line in lines)


def file_name(source: str, name: str | None) -> str:
    """Where a new source goes: a path, or the base name of a file in apt's folder of sources."""
    if name is not None:
        return f"{name}.list"
    bare = re.sub(r"\w+://", "", re.sub(r"\[[^\]]+\]", "", source))
    words = [word for word in bare.split() if word not in _TYPES]
    first = words[0].split("@", 1)[-1] if words else ""
    return "_".join(re.sub("[^a-zA-Z0-9]", " ", first).split()) + ".list"


def added(files: Mapping[str, list[Line]], source: str, place: str) -> tuple[Files, str | None]:
    """The files with this source, switched on where it stands; the file it was added to, if it stood nowhere."""
    found = False
    after: Files = {}
    for path, lines in files.items():
        fits = [line.valid and line.source == source for line in lines]
        found = found or any(fits)
        after[path] = [
            Line(True, True, line.source, line.comment) if fit else line for fit, line in zip(fits, lines, strict=True)
        ]
    if found:
        return after, None
    path = place if "/" in place else f"{FOLDER}/{place}"
    after[path] = [*after.get(path, []), Line(True, True, source)]
    return after, path


def removed(files: Mapping[str, list[Line]], source: str) -> Files:
    """The files without this source (where it is commented out it stays); a file with nothing left is empty."""
    return {
        path: [line for line in lines if not (line.valid and line.enabled and line.source == source)]
        for path, lines in files.items()
    }


def ppa_source(repo: str, codename: str) -> str:
    """The source that `ppa:owner/name` stands for."""
    owner, _, name = repo.split(":")[1].partition("/")
    return f"deb {PPA_URI}/{owner}/{name.split('/')[0] or 'ppa'}/ubuntu {codename} main"
