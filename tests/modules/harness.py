"""Runs a module's call through a real shell, as the dispatcher does, but by subprocess."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2

from runner.arguments import validate
from runner.errors import StepError
from runner.model.call import Call, Fragment, Line, Outcome, Reply, Status, Target, Trip, failed
from runner.model.ports import FileKind, StartedJob, TreeEntry
from runner.model.values import Template
from runner.registry import load
from runner.sh.frames import Frames, Ready, Record, Refused
from runner.sh.fuse import trip_text
from runner.sh.prelude import equipped, session_script
from runner.sh.replies import Replies
from runner.vault.envelope import is_vault
from runner.vault.keyring import Keyring

SHELLS: dict[str, tuple[str, ...]] = {
    "dash": ("dash",),
    "bash": ("bash", "--posix"),
    "busybox": ("busybox", "sh"),
}
# The same under the name that a session's shell has on most hosts.
AS_SH: dict[str, tuple[str, ...]] = {
    f"{name} as /bin/sh": ("bash", "-c", f"exec -a /bin/sh {program}")
    for name, program in (("dash", "dash"), ("bash", "bash --posix"), ("busybox", "busybox"))
}
# One of these by its name, another program, or the words that start one somewhere else (`Clone.session`).
Shell = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FolderDesk:
    """A `Desk` over a folder of this machine; templates see `names`."""

    folder: Path = Path("/nonexistent")
    names: Mapping[str, Any] = field(default_factory=dict)
    vault: Keyring = field(default_factory=Keyring)

    def find(self, kind: FileKind, name: str) -> str:
        found = self.folder / name
        if not found.exists():
            raise StepError(f"Could not find or access '{name}' ({kind})")
        return f"{found}/" if name.endswith("/") else str(found)

    def read(self, path: str, *, decrypt: bool = True) -> bytes:
        return (self.opened(path) if decrypt else None) or Path(path).read_bytes()

    def opened(self, path: str) -> bytes | None:
        data = Path(path).read_bytes()
        return self.vault.decrypt(data) if is_vault(data) else None

    def sha1(self, path: str) -> str:
        return hashlib.sha1(Path(path).read_bytes(), usedforsecurity=False).hexdigest()

    def entry(self, path: str) -> TreeEntry:
        return _entry(Path(path), Path(path).name)

    def tree(self, path: str) -> tuple[TreeEntry, ...]:
        root = Path(path)
        return tuple(_entry(found, str(found.relative_to(root))) for found in sorted(root.rglob("*")))

    def exists(self, path: str) -> bool:
        return Path(path).exists()

    def render_file(self, path: str, options: Mapping[str, Any]) -> str:
        extra = dict(options)
        names = {**self.names, **(extra.pop("extra_vars", None) or {})}
        extra = {name: value for name, value in extra.items() if value is not None}
        environment = jinja2.Environment(keep_trailing_newline=True, undefined=jinja2.StrictUndefined, **extra)
        return environment.from_string(Path(path).read_text(encoding="utf-8")).render(names)

    def load_vars(self, path: str) -> Mapping[str, Any]:
        loaded = json.loads(Path(path).read_text(encoding="utf-8"))
        assert isinstance(loaded, dict)
        return loaded

    def is_true(self, condition: str | bool) -> bool:
        return bool(condition)

    def authored(self, text: Template) -> Any:
        raise KeyError(text)

    def variable(self, name: str) -> Any:
        if name not in self.names:
            raise StepError(f"{name!r} is undefined")
        return self.names[name]

    def job(self, _name: str) -> StartedJob | None:
        return None

    def setting(self, name: str) -> Any:
        return self.names.get(name)


def _entry(path: Path, relative: str) -> TreeEntry:
    status = path.lstat()
    mode = stat.S_IMODE(status.st_mode)
    if path.is_symlink():
        return TreeEntry(relative, "link", mode, 0, str(path.readlink()))
    return TreeEntry(relative, "dir" if path.is_dir() else "file", mode, status.st_size)


def run_text(
    text: str, token: str, shell: Shell, home: Path, env: Mapping[str, str] | None = None, umask: int = 0o022
) -> tuple[list[Record], bytes]:
    """The records and the stderr of a session that is sent `text` and then ends."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **(env or {})}
    data = text.encode("utf-8", "surrogateescape")
    command = shell if isinstance(shell, tuple) else {**SHELLS, **AS_SH}.get(shell, (shell,))
    done = subprocess.run(
        command, input=data, capture_output=True, cwd=home, env=environ, timeout=60, umask=umask, check=False
    )
    return Frames(token).feed(done.stdout), done.stderr


def run_lines(
    lines: Sequence[Line],
    shell: Shell = "dash",
    *,
    home: Path,
    env: Mapping[str, str] | None = None,
    umask: int = 0o022,
    uploads: Mapping[tuple[int, str], str] | None = None,
) -> tuple[list[Reply], list[Record]]:
    """The replies and all records of a trip of these lines through a session of its own."""
    token, nonce = secrets.token_hex(16), secrets.token_hex(16)
    trip = Trip(1, Target("host"), None, tuple(lines))
    text = session_script(token, nonce) + equipped(trip_text(trip, token, uploads or {}))
    records, stderr = run_text(text, token, shell, home, env, umask)
    assert not stderr, stderr
    assert isinstance(records[0], Ready | Refused)
    fold = Replies(trip.id, trip.lines)
    replies = [reply for number, record in enumerate(records) if (reply := fold.see(record, 1000.0 + number))]
    return replies, records


def _run_fragment(
    call: Call, fragment: Fragment, shell: Shell, home: Path, umask: int, env: Mapping[str, str] | None = None
) -> Reply:
    paths: dict[tuple[int, str], str] = {}
    for upload in fragment.uploads:
        content = upload.content if upload.content is not None else Path(upload.source or "").read_bytes()
        assert len(content) == upload.size
        temporary = home.parent / f".pb-test-{secrets.token_hex(16)}"
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        paths[0, upload.name] = str(temporary)
    line = Line(0, 0, fragment, check=call.check, environment=call.environment)
    replies, _ = run_lines([line], shell, home=home, env=env, umask=umask, uploads=paths)
    assert not [path for path in paths.values() if Path(path).exists()]
    if fragment.download and replies[0].rc == 0:
        source = Path(fragment.download.path.replace("~", str(home), 1))
        Path(fragment.download.dest).parent.mkdir(parents=True, exist_ok=True)
        brought = fragment.download.content
        Path(fragment.download.dest).write_bytes(source.read_bytes() if brought is None else brought)
    return replies[0]


def make_call(
    name: str, args: Mapping[str, Any], *, check: bool = False, diff: bool = False, host: str = "host", **more: Any
) -> Call:
    """The call of a task with these arguments; a wrong argument is an AssertionError."""
    values, given, problems = validate(load("modules", name).SPEC, args)
    assert not problems, problems
    return Call(name, host, values, given, check=check, diff=diff, **more)


def run_module(
    name: str,
    args: Mapping[str, Any],
    *,
    shell: Shell = "dash",
    home: Path,
    check: bool = False,
    diff: bool = False,
    desk: FolderDesk | None = None,
    umask: int = 0o022,
    env: Mapping[str, str] | None = None,
    **more: Any,
) -> Outcome:
    """What the call comes to on this machine, whose login home is `home`. `env` is added to the login's environment;
    `more` are further fields of Call."""
    return run_call(make_call(name, args, check=check, diff=diff, **more), shell, home, desk, umask, env)


def run_call(
    call: Call,
    shell: Shell,
    home: Path,
    desk: FolderDesk | None = None,
    umask: int = 0o022,
    env: Mapping[str, str] | None = None,
) -> Outcome:
    """As the executor does: fragment, reply, outcome, until the module asks for no further fragment."""
    return drive(load("modules", call.module), call, shell, home, desk, umask, env)


def drive(
    module: Any,
    call: Call,
    shell: Shell,
    home: Path,
    desk: FolderDesk | None = None,
    umask: int = 0o022,
    env: Mapping[str, str] | None = None,
) -> Outcome:
    """The same for a module that stands in no room of ours."""
    at = desk or FolderDesk()
    try:
        step = module.fragment(call, at)
        while isinstance(step, Fragment):
            reply = _run_fragment(call, step, shell, home, umask, env)
            if call.check and reply.differs and not step.predictable and reply.rc == 0:
                return Outcome(Status.SKIPPED, unknown="it did not run")
            step = module.outcome(call, step, reply, at)
    except StepError as error:
        return failed(str(error))
    assert isinstance(step, Outcome)
    return step


def listing(folder: Path) -> list[tuple[str, str, int, int, int, bytes]]:
    """Everything below `folder`, so that before and after can be compared: path, kind, mode, owner, mtime, content.
    The lock that ufw holds while it looks stays behind, empty, and is none of it."""
    found: list[tuple[str, str, int, int, int, bytes]] = []
    for path in [folder, *sorted(folder.rglob("*"))]:
        if path.match("run/ufw.lock"):
            continue
        status = path.lstat()
        kind = stat.filemode(status.st_mode)[0]
        content = os.fsencode(path.readlink()) if kind == "l" else path.read_bytes() if kind == "-" else b""
        found.append((str(path), kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_mtime_ns, content))
    return found
