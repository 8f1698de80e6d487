"""What `find` and `stat` of a host say of the entries below some folders, asked for in sh and read as values.

An entry is one record: its path, `//`, what stat says of it in numbers, `//`, its owner's name, `//`, its group's. No
path has `//` in it if the one searched has none, so that no file name, whatever is in it, can look like a record.
"""

from __future__ import annotations

import posixpath
import re
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Final

from runner.model.call import Reply
from runner.model.quick import dataclass
from runner.sh.prelude import OUTPUT_LIMIT
from runner.sh.quote import path as path_word
from runner.sh.quote import quote
from runner.sh.verdict import value

_ENTRY: Final = re.compile(
    r"(?P<path>[^/]*(?:/(?!/)[^/]*)*)//(?P<base>[xo])(?P<mode>[0-9a-f]+) (?P<numbers>[0-9 ]+)"
    r"//(?P<user>.*)//(?P<group>.*)\n"
)
_MISSED: Final = re.compile(r"find: ['\"`]?(?P<path>/?.+?)['\"]?: (?P<why>Permission denied|No such file or directory)")
_ERRNO: Final = {"Permission denied": 13, "No such file or directory": 2}

# GNU and busybox stat have -c, those of BSD and macOS -f. find hands over as many paths as fit into one command line.
_LIST: Final = r"""
if stat -c %f / >/dev/null 2>&1; then flag=-c form='%n//x%f %u %g %s %i %d %h %X %Y %Z//%U//%G'
elif stat -f %p / >/dev/null 2>&1; then flag=-f form='%N//o%p %u %g %z %i %d %l %a %m %c//%Su//%Sg'
else pb_fail 'there is no stat on this host; install coreutils or busybox'; fi
pb_have find || pb_fail 'there is no find on this host; install findutils or busybox'
pb_kv now "$(date +%s)"
pb_kv umask "$pb_umask"
pb_list() {
  pb_kv "path.$1" "$2"
  [ -d "$3" ] || return 0
  find FOLLOW "$3" -mindepth 1 DEPTH -exec stat "$flag" "$form" {} + >"$pb_dir/l.$1" 2>"$pb_dir/m.$1"
  pb_stat "$pb_dir/l.$1"
  [ "$pb_size" -le LIMIT ] || pb_fail "there are too many files below $2"
  pb_blob "found.$1" "$pb_dir/l.$1"
  pb_blob "missed.$1" "$pb_dir/m.$1"
  rm -f "$pb_dir/l.$1" "$pb_dir/m.$1"
}
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `mode` is that of stat(2), with its kind; times are whole seconds of UTC."""

    path: str
    mode: int
    uid: int
    gid: int
    size: int
    inode: int
    device: int
    links: int
    atime: int
    mtime: int
    ctime: int
    user: str
    group: str

    @property
    def name(self) -> str:
        """The last part of its path."""
        return posixpath.basename(self.path)

    @property
    def is_file(self) -> bool:
        """A regular file."""
        return stat.S_ISREG(self.mode)

    @property
    def is_folder(self) -> bool:
        """A folder, not a link to one."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        """A symbolic link."""
        return stat.S_ISLNK(self.mode)


@dataclass(frozen=True, slots=True)
class Listing:
    """What is below one folder: `entries` folder by folder, upper ones first, the files of each before its folders.

    `path` is the folder as the host expands it; `is_folder`: whether it is one at all; `missed`: path → why it could
    not be read."""

    path: str
    is_folder: bool
    entries: tuple[Entry, ...] = ()
    missed: Mapping[str, str] = field(default_factory=dict)


def ask(paths: list[str], *, levels: int | None, follow: bool) -> str:
    """Sh text that reports what is below each of these paths, `levels` deep (None: all of it), through links to folders
    if `follow`. Raises StepError for a path that cannot be one."""
    depth = "" if levels is None else f"-maxdepth {levels}"
    lines = [
        _LIST.replace("LIMIT", str(OUTPUT_LIMIT)).replace("FOLLOW", "-L" if follow else "-H").replace("DEPTH", depth)
    ]
    for number, path in enumerate(paths):
        # What begins with a letter of find's own language, or has `//` in it, is written in another way.
        plain = re.sub("/+", "/", path)
        plain = plain.rstrip("/") or plain
        if not plain.startswith(("/", "~", ".")):
            plain = f"./{plain}"
        lines.append(f"pb_list {number} {_home_word(path)} {path_word(plain)}")
    return "\n".join(lines)


def _home_word(path: str) -> str:
    return path_word(path) if path.startswith("~") else quote(path)


def read(reply: Reply, number: int) -> Listing:
    """What the host said of the path of this number."""
    path = value(reply, f"path.{number}")
    if f"found.{number}" not in reply.values:
        return Listing(path, is_folder=False)
    entries = tuple(_ordered(_entries(value(reply, f"found.{number}"))))
    return Listing(path, True, entries, dict(_missed(value(reply, f"missed.{number}"))))


def _entries(said: str) -> Iterator[Entry]:
    at = 0
    while found := _ENTRY.match(said, at):
        at = found.end()
        uid, gid, size, inode, device, links, *times = (int(number) for number in found["numbers"].split())
        atime, mtime, ctime = times
        names = ("" if name == "UNKNOWN" else name for name in (found["user"], found["group"]))
        mode = int(found["mode"], 16 if found["base"] == "x" else 8)
        path = posixpath.normpath(found["path"])
        yield Entry(path, mode, uid, gid, size, inode, device, links, atime, mtime, ctime, *names)


def _ordered(entries: Iterator[Entry]) -> Iterator[Entry]:
    """Folder by folder from the top, as os.walk goes: find goes down as soon as it can."""
    inside: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        inside[posixpath.dirname(entry.path)].append(entry)
    paths = {entry.path for held in inside.values() for entry in held}
    waiting = [folder for folder in inside if folder not in paths][::-1]
    while waiting:
        held = inside[waiting.pop()]
        yield from (entry for entry in held if entry.path not in inside and not entry.is_folder)
        folders = [entry for entry in held if entry.path in inside or entry.is_folder]
        yield from folders
        waiting += [entry.path for entry in reversed(folders) if entry.path in inside]


def _missed(said: str) -> Iterator[tuple[str, str]]:
    """What find complained about, as Python would."""
    for found in _MISSED.finditer(said):
        path = posixpath.normpath(found["path"])
        yield path, f"[Errno {_ERRNO[found['why']]}] {found['why']}: {path!r}"


def below(root: str, path: str) -> int | None:
    """How many levels `path` is below `root` (1: in it); None if it is not below it."""
    root, path = posixpath.normpath(root), posixpath.normpath(path)
    prefix = "" if root == "." else root.rstrip("/") + "/"
    return path.removeprefix(prefix).count("/") + 1 if path.startswith(prefix) and path != root else None
