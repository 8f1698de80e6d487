"""The data cases of modules: what a file of `tests/modules/cases` says, read, and one of them run.

A case is a mapping. `~` in its arguments, and `$HOME` in every text, is a fresh home folder on the "host".

    name         what it shows
    args         the module's arguments
    before       files below the home: text, null or `{}` for a folder (its name ends in `/`), or a mapping of `content`
                 (or `link`, or `base64`) and `mode`
    after        the same after the run; null: nothing is there; `match`: a pattern for the text. What it does not name
                 is as it was before
    changed      whether the run changes something (default true)
    values       keys of the result; "/…/" is a pattern for a text
    failed       a pattern: the run fails with such a message, and touches nothing
    check        `unknown`: a dry run cannot know; `skipped`: it passes the task by, as Ansible's does; by default it
                 predicts exactly what then happens
    predicted    keys that a dry run cannot give as the run does (a path with the time in it, say)
    again        `changed`: the second run changes something, too; by default it changes nothing. `failed`: it fails
    diff         the text before and after, as shown with --diff
    programs     sh texts that stand first in PATH, for tools that cannot run here
    controller   files on the controller
    shells       not all three (dash, bash, busybox)
    alone        it needs a clone of its own (see tests/clones.py), where it may change the whole system
    prepare      sh text that makes that clone what it is before (implies `alone`)
    systemd      the clone's PID 1 is a real systemd (implies `alone`)
    seen         what commands in that clone print afterwards (implies `alone`): sh text to a text or "/pattern/"
    server       a real one that it needs (see servers.py), emptied before; the arguments to reach it are added. Such
                 cases take one shell each, in turn
    sql          statements that are run there before
    holds        what queries give there afterwards: query → text
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.yaml_file import read_yaml

FOLDER = Path(__file__).parent / "cases"
SHELLS = ("dash", "bash", "busybox")
KEYS = frozenset(
    "name args before after changed values failed check predicted again diff programs controller shells alone "
    "prepare systemd seen server sql holds".split()
)


@dataclass(frozen=True, slots=True)
class Case:
    """One case of one module, as it was written."""

    module: str
    name: str
    args: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    changed: bool = True
    values: Mapping[str, Any] = field(default_factory=dict)
    failed: str | None = None
    check: str = "same"
    predicted: tuple[str, ...] = ()
    again: str = "same"
    diff: Mapping[str, str] | None = None
    programs: Mapping[str, str] = field(default_factory=dict)
    controller: Mapping[str, str] = field(default_factory=dict)
    shells: tuple[str, ...] = SHELLS
    alone: bool = False
    prepare: str = ""
    systemd: bool = False
    seen: Mapping[str, str] = field(default_factory=dict)
    server: str | None = None
    sql: str = ""
    holds: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The case as tests name it."""
        return f"{self.module}: {self.name}"


def cases() -> Iterator[Case]:
    """All cases of all files. Raises ValueError for a case with a mistake."""
    for path in sorted(FOLDER.glob("*.yaml")):
        seen: set[str] = set()
        for number, raw in enumerate(read_yaml(path)):
            wrong = set(raw) - KEYS
            if wrong or "name" not in raw or raw["name"] in seen:
                raise ValueError(f"{path}: {raw.get('name')!r}: doubled or without a name, or unknown keys {wrong}")
            seen.add(raw["name"])
            turn = {"shells": [SHELLS[number % len(SHELLS)]]} if "server" in raw else {}
            yield _case(path.stem, {**turn, **raw})


def _case(module: str, raw: Mapping[str, Any]) -> Case:
    given = {**raw, "args": raw.get("args") or {}}
    for key in ("predicted", "shells"):
        if key in given:
            given[key] = tuple(given[key])
    return Case(module, **{**given, "alone": bool({"alone", "prepare", "systemd", "seen"} & set(given))})


def at_home(value: Any, home: Path) -> Any:
    """The value with `$HOME` in its texts, and `~` at the beginning of one, replaced."""
    if isinstance(value, str):
        return re.sub(r"\A~(?=/|\Z)", str(home), value).replace("$HOME", str(home))
    if isinstance(value, Mapping):
        return {at_home(key, home): at_home(part, home) for key, part in value.items()}
    return [at_home(part, home) for part in value] if isinstance(value, list) else value


def write(home: Path, name: str, about: Any) -> None:
    """Make one of the files of `before`."""
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    given = about if isinstance(about, Mapping) else {} if about is None else {"content": about}
    if name.endswith("/"):
        path.mkdir(exist_ok=True)
    elif "link" in given:
        path.symlink_to(at_home(given["link"], home))
        return
    else:
        path.write_bytes(_bytes(given, home))
    if "mode" in given:
        path.chmod(int(given["mode"], 8))


def _bytes(given: Mapping[str, Any], home: Path) -> bytes:
    if "base64" in given:
        return base64.b64decode(given["base64"])
    return str(at_home(given.get("content", ""), home)).encode("utf-8", "surrogateescape")


def wrong_at(home: Path, name: str, about: Any) -> str:
    """What is not as `after` says; "" if all is."""
    path = home / name
    if about is None and not name.endswith("/"):
        return f"{name} is there" if path.exists() or path.is_symlink() else ""
    given = about if isinstance(about, Mapping) else {} if about is None else {"content": about}
    if name.endswith("/") and not path.is_dir():
        return f"{name} is no folder"
    if "link" in given:
        target = str(path.readlink()) if path.is_symlink() else "no link"
        return "" if target == at_home(given["link"], home) else f"{name} -> {target}"
    if not path.exists():
        return f"{name} is not there"
    if "mode" in given and path.stat().st_mode & 0o7777 != int(given["mode"], 8):
        return f"{name} has mode {path.stat().st_mode & 0o7777:04o}"
    found = path.read_bytes() if path.is_file() else b""
    if "match" in given and not re.search(at_home(given["match"], home), found.decode("utf-8", "surrogateescape")):
        return f"{name} holds {found!r}"
    if ("content" in given or "base64" in given) and found != _bytes(given, home):
        return f"{name} holds {found!r}"
    return ""


def fits(wanted: Any, found: Any) -> bool:
    """Whether a value of a result is as wanted: a text between slashes is a pattern, a mapping names some keys."""
    if isinstance(wanted, str) and len(wanted) > 1 and wanted[0] == wanted[-1] == "/":
        return isinstance(found, str) and re.search(wanted[1:-1], found) is not None
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(key in found and fits(v, found[key]) for key, v in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list | tuple) and len(found) == len(wanted) and all(map(fits, wanted, found))
    return bool(wanted == found)
