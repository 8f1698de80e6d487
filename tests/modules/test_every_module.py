"""What every module promises, taken from the registry: a documented definition, text that no argument can break out
of, and a dry run that touches nothing. A new module is tested here without a line being added."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.arguments import Option, Spec, coerce, validate
from runner.errors import StepError
from runner.model.call import Call, Fragment, Line, Outcome, Reply
from runner.registry import load, names
from tests.clones import Clone
from tests.modules.harness import SHELLS, FolderDesk, Shell, listing, run_lines

MODULES = names("modules")
# Those that compile to sh text; the others never reach a host.
REMOTE = [name for name in MODULES if not load("modules", name).SPEC.local]

HOSTILE = (
    "'; touch PWNED; '",
    "$(touch PWNED)",
    "`touch PWNED`",
    "${IFS+$(touch PWNED)}",
    '"; touch PWNED; "',
    "a\ntouch PWNED\n",
    "-rf",
    "--help",
    "\"'\\",
    "x' ; touch PWNED #",
    "$HOME ~ * ? [a] \\ %s %n",
    "|touch PWNED",
    "&& touch PWNED",
    "\u202e\u2028ä",
    "n" * 255,
    "n/" + "n" * 4096,
    " validate='touch PWNED'",
    "{{ 7*7 }}",
)

# Servers of the machine that runs the tests are left alone: their clients here reach nothing. What hostile text does
# with a real one is in `test_servers.py`.
_CLIENTS = ("psql", "pg_dump", "pg_restore", "mysql", "mysqldump", "mariadb", "mariadb-dump", "docker")
# Arguments that make a step of a module, beside its required ones, which are filled in by name.
BASE: Mapping[str, Mapping[str, Any]] = {
    "set_stats": {"data": {"x": 1}},
    "seboolean": {"state": True},
    "package_facts": {"manager": ["rpm"]},  # apt takes seconds to say where packages are from
    "copy": {"content": "text"},
    "file": {"state": "touch"},
    "firewalld": {"service": "x", "state": "enabled"},
    "iptables": {"chain": "INPUT"},
    "lineinfile": {"line": "x", "create": True},
    "timezone": {"name": "Asia/Tokyo"},
    "mount_facts": {"sources": ["x"]},
    "modprobe": {"persistent": "present"},
    "locale_gen": {"name": ["C.UTF-8"]},
    "alternatives": {"path": "/bin/true", "link": "/srv/true"},
    "blockinfile": {"block": "x", "create": True},
    "ini_file": {"section": "s", "option": "o", "value": "v"},
    "authorized_key": {"user": "root", "path": "f", "key": "ssh-rsa AAAA"},
    "known_hosts": {"name": "x", "path": "f", "key": "x ssh-rsa AAAA"},
    "cron": {"job": "x"},
    "pam_limits": {"value": "1"},
    "htpasswd": {"password": "x"},
    "apt": {"package": ["dpkg"]},
    "apt_key": {"data": "x"},
    "apk": {"name": ["x"]},
    "dnf": {"name": ["x"]},
    "dnf5": {"name": ["x"]},
    "yum_repository": {"description": "x", "baseurl": ["x"]},
    "apt_repository": {"repo": "deb http://x y z", "update_cache": False},
    "sysctl": {"value": "1"},
    "mount": {"state": "present", "src": "x", "fstype": "x"},
    "command": {"cmd": "true"},
    "raw": {"cmd": ":"},
    "reboot": {"reboot_command": "true", "boot_time_command": "cat /proc/sys/kernel/random/uuid"},
    "script": {"cmd": "x"},
    "service": {"state": "started"},
    "shell": {"cmd": ":"},
    "systemd": {"name": "x", "state": "started"},
    "systemd_service": {"name": "x", "state": "started"},
    "sysvinit": {"state": "started"},
    "setup": {"gather_subset": ["!all", "!min", "local"]},
    "gather_facts": {"gather_subset": ["!all", "!min", "local"]},
    "get_url": {"url": "http://127.0.0.1:1/"},
    "git": {"repo": "x", "dest": "f"},
    "git_config": {"name": "a.b", "value": "x", "scope": "file", "file": "f"},
    "archive": {"path": ["there"], "dest": "f"},
    "expect": {"command": "true", "responses": {"x": "y"}},
    "subversion": {"repo": "x", "dest": "f"},
    "npm": {"name": "x", "path": "f", "executable": "true"},
    "pip": {"name": ["x"], "virtualenv": "f"},
    "ufw": {"rule": "allow"},
    "uri": {"url": "http://127.0.0.1:1/"},
    "wait_for": {"path": "f", "timeout": 0},
    "postgresql_privs": {"objs": "x", "privs": "SELECT"},
    "validate_argument_spec": {"argument_spec": {"ansible_verbosity": {"type": "int"}}},
}
# Each text in each shell, for those that have most to quote. Of the others each text is run in one of the shells, by
# turns: what a shell makes of a quoted word is the same in all modules, and tests/sh looks at it with every shell.
IN_EVERY_SHELL = {"command", "copy", "file", "lineinfile", "stat"}
# Options whose text is code, to be run as such.
CODE = {
    *(("reboot", option) for option in ("reboot_command", "boot_time_command", "test_command")),
    ("raw", "cmd"),
    ("script", "cmd"),
    ("shell", "cmd"),
}


def spec_of(name: str) -> Spec:
    spec = load("modules", name).SPEC
    assert isinstance(spec, Spec)
    return spec


def base(name: str) -> dict[str, Any]:
    """Arguments with which the module does something small."""
    given = dict(BASE.get(name, {}))
    for option, about in spec_of(name).options.items():
        if about.required and option not in given:
            given[option] = about.choices[0] if about.choices else "f" if about.kind == "path" else "x"
    for group in spec_of(name).required_one_of:
        if not given.keys() & set(group):
            given[group[0]] = "x"
    return given


def made(name: str, args: Mapping[str, Any], desk: FolderDesk, **more: Any) -> tuple[Call, Fragment | Outcome] | None:
    """The call and what the module compiles it to; None when the arguments are refused."""
    values, given, problems = validate(spec_of(name), args)
    if problems:
        return None
    call = Call(name, "host", values, given, **more)
    try:
        return call, load("modules", name).fragment(call, desk)
    except (StepError, OSError):  # OSError: the test's own desk, asked for a name that is too long
        return None


@pytest.fixture
def desk(tmp_path: Path) -> FolderDesk:
    """A controller's folder with a file `x`, which is a template, a script and variables at once, and its copy `f`."""
    folder = tmp_path / "controller"
    folder.mkdir()
    for name in ("x", "f"):
        (folder / name).write_text("{}")
    return FolderDesk(folder=folder, names={"ansible_verbosity": 0})


@pytest.mark.parametrize("name", MODULES)
def test_definition(name: str) -> None:
    module, spec = load("modules", name), spec_of(name)
    assert callable(module.fragment)
    assert callable(module.outcome)
    assert (module.__doc__ or "").startswith(f"{name}: "), "the docstring begins with the module's name"
    assert spec.doc.endswith(".")
    aliases = [alias for option in spec.options.values() for alias in option.aliases]
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & set(spec.options)
    for option, about in spec.options.items():
        assert about.doc.endswith("."), f"{option} has no documentation"
        assert about.default is None or coerce(about, about.default) is not None
    named = {*spec.conditions, *spec.raw, *([spec.free_form] if spec.free_form else [])}
    for group in (*spec.mutually_exclusive, *spec.required_one_of, *spec.required_together):
        named |= set(group)
    assert named <= set(spec.options)


@pytest.mark.parametrize("name", MODULES)
def test_base_arguments_are_fine(name: str, desk: FolderDesk) -> None:
    """So that the tests below look at something."""
    _, _, problems = validate(spec_of(name), base(name))
    assert not problems
    found = made(name, base(name), desk)
    if spec_of(name).local:
        assert found is None or isinstance(found[1], Outcome)
    else:
        assert found is not None
        assert isinstance(found[1], Fragment), found[1]


@pytest.mark.parametrize("name", MODULES)
def test_pure(name: str, desk: FolderDesk) -> None:
    """The same call gives the same text."""
    assert made(name, base(name), desk) == made(name, base(name), desk)


def variants(name: str) -> Iterable[dict[str, Any]]:
    """The base with each option that takes text set to each hostile value; in a list, and as a mode, too."""
    spec = spec_of(name)
    for option, about in spec.options.items():
        if (name, option) in CODE or about.choices:
            continue
        for text in HOSTILE:
            value = _hostile(about, text)
            if value is not None:
                exclusive = {other for group in spec.mutually_exclusive if option in group for other in group}
                kept = {key: old for key, old in base(name).items() if key == option or key not in exclusive}
                yield {**kept, option: value}


def _hostile(about: Option, text: str) -> Any:
    if about.kind in ("str", "path", "raw", "any", "mode"):
        return text
    return [text] if about.kind == "list" and about.elements in (None, "str", "raw", "path") else None


def _no_servers(home: Path) -> dict[str, str]:
    """An environment in which clients of servers reach nothing."""
    away = home.parent / "away"
    away.mkdir(exist_ok=True)
    for client in _CLIENTS:
        (away / client).write_text("#!/bin/sh\nexit 2\n")
        (away / client).chmod(0o755)
    return {"PATH": f"{away}:{os.environ['PATH']}"}


def run_together(steps: list[tuple[Call, Fragment]], shell: Shell, home: Path, env: Mapping[str, str]) -> list[Reply]:
    """All steps in one trip of one session, each whatever became of the others."""
    lines, paths = [], {}
    for index, (call, fragment) in enumerate(steps):
        for upload in fragment.uploads:
            path = home.parent / f"upload-{secrets.token_hex(8)}"
            path.write_bytes(upload.content if upload.content is not None else Path(upload.source or "").read_bytes())
            paths[index, upload.name] = str(path)
        lines.append(Line(index, index, fragment, call.check, tolerant=True, environment=call.environment))
    replies, _ = run_lines(lines, shell, home=home, env=env, uploads=paths)
    assert len(replies) == len(steps)
    return replies


def rounds(
    steps: list[tuple[Call, Fragment]],
    desk: FolderDesk,
    shell: str,
    home: Path,
    machine: Clone | None,
    *,
    programs: str | None = None,
) -> None:
    """Run the steps and what their modules ask for next, until nothing is asked for.

    `programs`: clients of a server; without it none is reached."""
    words = machine.session(*SHELLS[shell]) if machine else shell
    env = {"PATH": f"{programs}:{os.environ['PATH']}"} if programs else _no_servers(home)
    for _ in range(5):
        if not steps:
            return
        follow: list[tuple[Call, Fragment]] = []
        for (call, fragment), reply in zip(steps, run_together(steps, words, home, env), strict=True):
            for word in (b"yntax error", b"unexpected", b"nterminated"):
                assert word not in reply.stderr, (call, reply.stderr)
            assert not pwned(home, machine), (call, fragment)
            if fragment.download is None:
                with contextlib.suppress(StepError):
                    step = load("modules", call.module).outcome(call, fragment, reply, desk)
                    if isinstance(step, Fragment):
                        follow.append((call, step))
        steps = follow
    raise AssertionError("a module asks for more and more")


def pwned(home: Path, machine: Clone | None) -> list[Path]:
    """Whatever the hostile text could have made: a file of just this name, at home, in the clone or where we are."""
    folders = (home.parent, *(machine.written if machine else ()))
    found = [path for folder in folders for path in folder.rglob("PWNED")]
    return [path for path in (*found, Path("PWNED"), Path("/PWNED")) if path.exists()]


def everything(home: Path, machine: Clone | None) -> list[Any]:
    """All files that a run could have changed, without the times of the clone's folders (its /tmp is written to)."""
    written = [entry for folder in (machine.written if machine else ()) for entry in listing(folder)]
    return [*listing(home), *(entry[:4] if entry[1] == "d" else entry for entry in written)]


@pytest.mark.parametrize("shell", sorted(SHELLS))
@pytest.mark.parametrize("name", REMOTE)
def test_no_argument_breaks_out(name: str, shell: str, home: Path, desk: FolderDesk, machine: Clone | None) -> None:
    calls = [made(name, args, desk) for args in variants(name)]
    calls.append(made(name, base(name), desk, environment={f"ODD_{n}": text for n, text in enumerate(HOSTILE)}))
    steps: list[tuple[Call, Fragment]] = []
    for found in calls:
        if found is None or not isinstance(found[1], Fragment):
            continue
        # An option that is not in the text at all need not run once for each of its values.
        same = (found[1].probe, found[1].apply, found[0].environment)
        if same not in [(fragment.probe, fragment.apply, call.environment) for call, fragment in steps]:
            steps.append((found[0], found[1]))
    assert steps
    if name not in IN_EVERY_SHELL:
        turn = sorted(SHELLS).index(shell)
        steps = [step for at, step in enumerate(steps) if (at + at // len(HOSTILE)) % len(SHELLS) == turn]
    rounds(steps, desk, shell, home, machine)
    assert not pwned(home, machine)


@pytest.mark.parametrize("shell", sorted(SHELLS))
@pytest.mark.parametrize("name", REMOTE)
def test_dry_run_touches_nothing(name: str, shell: str, home: Path, desk: FolderDesk, machine: Clone | None) -> None:
    (home / "there").write_text("old\n")
    steps: list[tuple[Call, Fragment]] = []
    for args in (
        base(name),
        {**base(name), **{key: "there" for key in ("path", "dest") if key in spec_of(name).options}},
    ):
        found = made(name, args, desk, check=True, diff=True)
        if found is not None and isinstance(found[1], Fragment):
            # What a dry run must not send is made to shout, should it be sent.
            steps.append((found[0], replace(found[1], apply=f"{found[1].apply}\ntouch PWNED")))
    before = everything(home, machine)
    rounds(steps, desk, shell, home, machine)
    assert everything(home, machine) == before
