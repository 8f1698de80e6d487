"""Which of the entries that a host listed fit what `find` is asked for."""

from __future__ import annotations

import fnmatch
import io
import re
import stat
from collections.abc import Mapping, Sequence
from typing import Any, Final

from runner.errors import StepError
from runner.model.call import Call, Outcome, failed
from runner.model.quick import dataclass
from runner.sh import modes
from runner.sh.listed import Entry, Listing, below

_AGE: Final = re.compile(r"(-?\d+)([smhdw]?)")
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SIZE: Final = re.compile(r"(-?\d+)([bkmgt]?)")
_BYTES: Final = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_BITS: Final = {
    f"{bit}{who}": value << shift
    for who, shift in (("usr", 6), ("grp", 3), ("oth", 0))
    for bit, value in (("w", 2), ("r", 4), ("x", 1))
} | {"isuid": 0o4000, "isgid": 0o2000}


@dataclass(frozen=True, slots=True)
class Wish:
    """What find's arguments ask for. `age` in seconds and `size` in bytes; negative: at most that. `algorithm`: of the
    checksums to report, "" for none."""

    patterns: tuple[re.Pattern[str], ...]
    excludes: tuple[re.Pattern[str], ...]
    kind: str
    contains: re.Pattern[str] | None
    whole: bool
    encoding: str
    age: int | None
    stamp: str
    size: int | None
    hidden: bool
    mode: str | None
    exact: bool
    algorithm: str
    limit: int | None
    depth: int | None

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> Wish | Outcome:
        """The wish; a failed outcome when an argument makes no sense."""
        if args["mode"] and not isinstance(args["mode"], str):
            given = type(args["mode"]).__name__
            return failed(f"argument 'mode' is not a string and conversion is not allowed, value is of type {given}")
        age, size = _number(args["age"], _AGE, _SECONDS), _number(args["size"], _SIZE, _BYTES)
        for name, number in (("age", age), ("size", size)):
            if number is None and args[name] is not None:
                return failed(f"failed to process {name}", **{name: args[name]})
        if args["limit"] is not None and args["limit"] <= 0:
            return failed(f"limit cannot be {args['limit']} (use None for unlimited)")
        file = args["file_type"]
        try:
            return cls(
                patterns=_patterns(args["patterns"] or [".*" if args["use_regex"] else "*"], args["use_regex"]),
                excludes=_patterns(args["excludes"] or [], args["use_regex"]),
                kind=file,
                contains=re.compile(args["contains"]) if args["contains"] is not None and file == "file" else None,
                whole=args["read_whole_file"],
                encoding=args["encoding"] or "utf-8",
                age=age,
                stamp=args["age_stamp"],
                size=size,
                hidden=args["hidden"],
                mode=_checked_mode(args["mode"]),
                exact=args["exact_mode"],
                algorithm=args["checksum_algorithm"] if args["get_checksum"] and file in ("any", "file") else "",
                limit=args["limit"],
                depth=args["depth"] if args["recurse"] else None,
            )
        except re.error as error:
            return failed(f"not a Python regular expression: {error}")

    @property
    def looks_inside(self) -> bool:
        """Whether files have to be read."""
        return self.contains is not None or bool(self.algorithm)

    def fits(self, entry: Entry, now: int, umask: int) -> bool:
        """Whether an entry fits, as far as that can be told without its content."""
        name = entry.name
        if not self.hidden and name.startswith("."):
            return False
        if not self._fits_kind(entry):
            return False
        if not any(pattern.match(name) for pattern in self.patterns):
            return False
        if any(pattern.match(name) for pattern in self.excludes):
            return False
        if not _within(self.age, now - getattr(entry, self.stamp)):
            return False
        return (not entry.is_file or _within(self.size, entry.size)) and self._fits_mode(entry, umask)

    def _fits_kind(self, entry: Entry) -> bool:
        kinds = {"any": True, "file": entry.is_file, "directory": entry.is_folder, "link": entry.is_link}
        return kinds[self.kind]

    def _fits_mode(self, entry: Entry, umask: int) -> bool:
        if not self.mode:
            return True
        wanted, has = modes.predict(self.mode, 0, False, umask), stat.S_IMODE(entry.mode)
        return has == wanted if self.exact else bool(has & wanted)

    def fits_inside(self, path: str, data: bytes | None) -> bool:
        """Whether a file's content fits; None: it could not be read. Raises StepError when it is no such text."""
        if self.contains is None:
            return True
        if data is None:
            return False
        try:
            lines = io.TextIOWrapper(io.BytesIO(data), encoding=self.encoding)
            if self.whole:
                return self.contains.search(lines.read()) is not None
            return any(self.contains.match(line) for line in lines)
        except UnicodeDecodeError:
            raise StepError(
                f"Failed to read the file {path} due to an encoding error. current encoding: {self.encoding}"
            ) from None
        except LookupError as error:
            raise StepError(str(error)) from None


@dataclass(frozen=True, slots=True)
class Search:
    """What fits so far: for each of `paths` its `hits`; `skipped`: path → why."""

    paths: tuple[str, ...]
    hits: tuple[tuple[Entry, ...], ...]
    examined: int
    skipped: Mapping[str, str]


def _number(given: str | None, form: re.Pattern[str], units: Mapping[str, int]) -> int | None:
    fits = form.fullmatch((given or "").lower())
    return int(fits[1]) * units[fits[2]] if fits else None


def _patterns(given: Sequence[str], regex: bool) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern if regex else fnmatch.translate(pattern)) for pattern in given)


def _checked_mode(mode: str | None) -> str | None:
    if mode:
        modes.text(mode)
    return mode


def _within(limit: int | None, number: int) -> bool:
    if limit is None:
        return True
    return number >= limit if limit >= 0 else number <= -limit


def search(call: Call, wish: Wish, listings: Sequence[Listing], *, now: int, umask: str) -> Search:
    """What fits of these listings. `now`: UTC seconds on the host; `umask` in octal digits."""
    hits: list[tuple[Entry, ...]] = []
    skipped: dict[str, str] = {}
    examined = 0
    for listing in listings:
        if not listing.is_folder:
            skipped[listing.path] = f"'{listing.path}' is not a directory"
        skipped |= listing.missed
        there = [entry for entry in listing.entries if not (call.check and _gone(call, entry.path))]
        examined += len(there)
        near = [entry for entry in there if not wish.depth or (below(listing.path, entry.path) or 0) <= wish.depth]
        hits.append(tuple(entry for entry in near if wish.fits(entry, now, int(umask or "22", 8))))
    return Search(tuple(listing.path for listing in listings), tuple(hits), examined, skipped)


def _gone(call: Call, path: str) -> bool:
    return path in call.will_vanish or any(below(gone, path) for gone in call.will_vanish)


def doubt(call: Call, listings: Sequence[Listing]) -> str:
    """What a dry run does not know of these folders: what earlier steps of it would have made there; "" if nothing."""
    if not call.check:
        return ""
    known = {entry.path for listing in listings for entry in listing.entries}
    for made in sorted(call.will_exist):
        for listing in listings:
            if (below(listing.path, made) and made not in known) or (made == listing.path and not listing.is_folder):
                return f"{made} would have been made before"
    return ""


def about(entry: Entry) -> dict[str, Any]:
    """What find reports of an entry, with Ansible's keys."""
    mode = entry.mode
    return {
        "path": entry.path,
        "mode": f"{stat.S_IMODE(mode):04o}",
        "isdir": entry.is_folder,
        "ischr": stat.S_ISCHR(mode),
        "isblk": stat.S_ISBLK(mode),
        "isreg": entry.is_file,
        "isfifo": stat.S_ISFIFO(mode),
        "islnk": entry.is_link,
        "issock": stat.S_ISSOCK(mode),
        "uid": entry.uid,
        "gid": entry.gid,
        "size": entry.size,
        "inode": entry.inode,
        "dev": entry.device,
        "nlink": entry.links,
        "atime": float(entry.atime),
        "mtime": float(entry.mtime),
        "ctime": float(entry.ctime),
        "gr_name": entry.group,
        "pw_name": entry.user,
        **{name: bool(mode & bit) for name, bit in _BITS.items()},
    }
