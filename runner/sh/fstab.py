"""Lines of /etc/fstab, and what /proc/self/mountinfo says (what mount computes).

The forms are those of https://man7.org/linux/man-pages/man5/fstab.5.html and
https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html.
"""

from __future__ import annotations

import posixpath
import re
from typing import Final

from runner.model.quick import dataclass
from runner.sh.lines import split_text

_ESCAPES: Final = (("\\", "\\134"), (" ", "\\040"), ("\t", "\\011"), ("\n", "\\012"), ("&", "\\046"))
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file system in fstab."""

    src: str
    path: str
    fstype: str
    opts: str
    dump: str
    passno: str

    def fields(self) -> list[str]:
        """As they stand in the file."""
        return [escaped(part) for part in (self.src, self.path, self.fstype, self.opts, self.dump, self.passno)]


def escaped(word: str) -> str:
    """A field without blanks."""
    for character, code in _ESCAPES:
        word = word.replace(character, code)
    return word


def _fields(line: str) -> list[str]:
    """The fields of an entry's line; none for another one. The last two may be missing."""
    fields = line.partition("#")[0].split()
    return fields if 4 <= len(fields) <= 6 else []


def _is_about(fields: list[str], path: str, src: str | None) -> bool:
    """Whether the line is the path's; `none` is many swaps, of which the source says which."""
    if not fields or fields[1] != escaped(path):
        return False
    return not (src is not None and fields[1:3] == ["none", "swap"] and fields[0] != src)


def present(text: str, entry: Entry) -> str:
    """The text with the entry, in place of the path's old one or at the end."""
    lines = [line if line.endswith("\n") else f"{line}\n" for line in split_text(text)]
    new = " ".join(entry.fields()) + "\n"
    found = [number for number, line in enumerate(lines) if _is_about(_fields(line), entry.path, entry.src)]
    if found and all(_fields(lines[number]) == entry.fields() for number in found):
        return text
    for number in found:
        lines[number] = new
    return "".join(lines if found else [*lines, new])


def absent(text: str, path: str, src: str | None) -> str:
    """The text without the path's entries."""
    return "".join(line for line in split_text(text) if not _is_about(_fields(line), path, src))


@dataclass(frozen=True, slots=True)
class Mount:
    """What is mounted somewhere: `root` is the folder of the file system that is seen there."""

    id: str
    parent: str
    device: str
    root: str
    path: str
    src: str


def mounts(mountinfo: str) -> list[Mount]:
    """All mounts, in their order."""
    found = []
    for line in mountinfo.splitlines():
        fields = [_OCTAL.sub(lambda code: chr(int(code[1], 8)), field) for field in line.split(" ")]
        if "-" not in fields[6:]:
            continue
        src = fields[fields.index("-", 6) + 2]
        found.append(Mount(fields[0], fields[1], fields[2], fields[3], fields[4], src))
    return found


def mounted(all_mounts: list[Mount], path: str) -> Mount | None:
    """What is seen at the path; None if nothing is mounted just there."""
    wanted = posixpath.normpath(path)
    return next((mount for mount in reversed(all_mounts) if mount.path == wanted), None)


def is_of(all_mounts: list[Mount], mount: Mount, src: str) -> bool:
    """Whether it shows this source: a device, or with a bind a folder that is in another mount of the same device."""
    if mount.src == src:
        return True
    return posixpath.normpath(src) in {_seen_in(other, mount) for other in all_mounts if other is not mount}


def _seen_in(other: Mount, mount: Mount) -> str:
    """Where the other mount shows the folder that this one shows; "" if it does not."""
    inside, root = other.root.rstrip("/") + "/", f"{mount.root}/"
    if other.device != mount.device or not root.startswith(inside):
        return ""
    return posixpath.normpath(posixpath.join(other.path, root[len(inside) :]))


def is_own(all_mounts: list[Mount], mount: Mount) -> bool:
    """Whether it is of another file system than the folder around it."""
    return not any(other.id == mount.parent and other.device == mount.device for other in all_mounts)
