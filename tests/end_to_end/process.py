"""Runs pbrun as a process and reads what it leaves: exit code, screen, log; every line of every log fits its schema."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import jsonschema_rs

ROOT = Path(__file__).parents[2]
SITE = ("playbooks/site.yaml", "-i", "inventories/lab.yaml")

_numbers = count()


@cache
def schema() -> Any:
    """The validator of one log line."""
    loaded = json.loads((ROOT / "runner" / "journal" / "log.schema.json").read_text())
    return jsonschema_rs.Draft202012Validator(loaded)


@dataclass(frozen=True, slots=True)
class Ran:
    """One run that is over."""

    code: int
    out: str
    err: str
    log: tuple[dict[str, Any], ...]

    def results(self, **wanted: Any) -> list[dict[str, Any]]:
        """The task results whose fields have these values."""
        found = [line for line in self.log if line["type"] == "task_result"]
        return [line for line in found if all(line.get(name) == value for name, value in wanted.items())]

    def recap(self, host: str) -> dict[str, int]:
        """One host's counts."""
        hosts: dict[str, dict[str, int]] = self.log[-1]["hosts"]
        return hosts[host]

    def changed(self) -> int:
        """Changes on all hosts together."""
        return sum(counts["changed"] for counts in self.log[-1]["hosts"].values())

    def told(self) -> str:
        """Everything it said, for messages of failing tests."""
        return f"exit code {self.code}\n{self.out}\n{self.err}"


def read_log(path: Path) -> tuple[dict[str, Any], ...]:
    """A log's lines; each is checked against the schema, and their numbers follow one another."""
    if not path.exists():
        return ()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in path.read_bytes().decode("utf-8").splitlines()]
    for line in lines:
        schema().validate(line)
    assert [line["seq"] for line in lines] == list(range(len(lines)))
    assert len({line["run"] for line in lines}) == 1
    return tuple(lines)


def environment(state: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the process sees: a home and a state folder of the test's own, nothing of the tester's."""
    home = state / "home"
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    own = {"HOME": str(home), "XDG_STATE_HOME": str(state), "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    return {**kept, **own, **(more or {})}


def pbrun(state: Path, *words: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None, logs: bool = True) -> Ran:
    """Run `pbrun` with these words. `logs`: the command writes a log, which is put into `state` and read."""
    log = state / f"log-{next(_numbers)}.jsonl"
    before, dashes, after = _parted(words)
    command = [sys.executable, "-m", "runner", *before, *(["--log", str(log)] if logs else []), *dashes, *after]
    seen = environment(state, env)
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, cwd=cwd, env=seen, timeout=100, check=False
    )
    out, err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
    assert "Traceback" not in out + err, err
    return Ran(done.returncode, out, err, read_log(log))


def _parted(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    place = words.index("--") if "--" in words else len(words)
    return words[:place], words[place : place + 1], words[place + 1 :]


def listing(folder: Path) -> list[tuple[str, int, int, bytes]]:
    """Everything in a folder: path, mode, time of change and content. Two that are equal: nothing happened."""
    return list(_entries(folder))


def _entries(folder: Path) -> Iterator[tuple[str, int, int, bytes]]:
    for path in sorted([folder, *folder.rglob("*")]):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        if path.is_symlink():
            content = os.fsencode(path.readlink())
        yield str(path.relative_to(folder)), status.st_mode, status.st_mtime_ns, content


def write_playbook(path: Path, text: str) -> str:
    """Write a playbook; its name for the command line."""
    path.write_text(text)
    return str(path)
