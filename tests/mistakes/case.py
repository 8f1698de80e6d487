"""The cases: small folders of files as data, each with a mistake (or several) that somebody could make.

A file of `cases/` maps the name of a case to `files` (path: text, or bytes as `!!binary`), `words` (the command line)
and `env`. There is always an inventory `hosts` (unless the case brings its own) with h1 and h2 in `web` and h3 in `db`,
whose tasks run here. A case may be its playbook's text alone, and an inventory's text alone if it stands in
`inventory.yaml`.

What a case prints, in the order in which it is seen on a terminal, is kept as text in `golden/`, one file for each file
of cases; the recap and the log's place are left out there, and folders have stand-ins.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from runner.cli.main import main
from tests.yaml_file import read_yaml

FOLDER: Final = Path(__file__).parent
INVENTORY: Final = """\
[web]
h1
h2
[db]
h3
[all:vars]
ansible_connection=local
"""
_AFTERWARDS: Final = re.compile(r"^(log: .*|\nPLAY RECAP \**\n(.+\n)*)$\n?", re.MULTILINE)
_STARS: Final = re.compile(r" \*{3,}$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """One case; `name` is `file/what it is about`."""

    name: str
    files: Mapping[str, str | bytes]
    words: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """The file it stands in."""
        return self.name.partition("/")[0]

    @property
    def title(self) -> str:
        """What it is about."""
        return self.name.partition("/")[2]

    def write(self, folder: Path) -> None:
        """Put the case's files into an empty folder."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            if path.read_bytes().startswith(b"#!"):
                path.chmod(0o755)

    def told(self, place: Path) -> str:
        """Everything pbrun says about it, and its exit code; `place` is an empty folder."""
        folder = place / "case"
        folder.mkdir()
        self.write(folder)
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        code, screen = told_by_main(self.words, folder, self.env)
        after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert after == before, "something was touched"
        said = _STARS.sub("", _AFTERWARDS.sub("", screen)).replace(str(folder), "{case}").replace(str(place), "{home}")
        rows = re.sub(r"\n{2,}", "\n", "\n".join(row.rstrip() for row in said.strip("\n").splitlines()))
        return f"$ pbrun {' '.join(self.words)}\n{rows}\nexit code {code}\n"


def told_by_main(words: tuple[str, ...], folder: Path, env: Mapping[str, str]) -> tuple[int, str]:
    """Exit code of one command line in a folder, and what it printed on both streams, in order."""
    screen = io.StringIO()
    home = {"HOME": str(folder.parent), "XDG_STATE_HOME": str(folder.parent), "LC_ALL": "C.UTF-8"}
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(folder))
        stack.enter_context(_environment({"PATH": os.environ["PATH"], **home, **env}))
        stack.enter_context(_signals())
        stack.enter_context(contextlib.redirect_stdout(screen))
        stack.enter_context(contextlib.redirect_stderr(screen))
        code = main(list(words))
    return code, screen.getvalue()


@contextlib.contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """A run takes signals for itself; a test hands them back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def load() -> dict[str, Case]:
    """All cases by name, in order."""
    found: dict[str, Case] = {}
    for path in sorted((FOLDER / "cases").glob("*.yaml")):
        for title, data in read_yaml(path).items():
            name = f"{path.stem}/{title}"
            found[name] = _case(name, data if isinstance(data, dict) else {"files": {"site.yaml": data}})
    return found


def _case(name: str, data: Mapping[str, Any]) -> Case:
    words = str(data.get("words", "site.yaml -i hosts")).split()
    return Case(name, {"hosts": INVENTORY, **data["files"]}, tuple(words), data.get("env", {}))


def golden(stem: str) -> dict[str, str]:
    """What is kept for the cases of one file, by title."""
    path = FOLDER / "golden" / f"{stem}.txt"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    parts = re.split(r"^=== (.*) ===\n", text, flags=re.MULTILINE)[1:]
    return {title: said.rstrip("\n") + "\n" for title, said in zip(parts[::2], parts[1::2], strict=True)}


def write_golden(stem: str, told: Mapping[str, str]) -> None:
    """Keep what the cases of one file say now."""
    text = "\n".join(f"=== {title} ===\n{said}" for title, said in told.items())
    (FOLDER / "golden" / f"{stem}.txt").write_text(text, encoding="utf-8")
