"""The cases: small playbooks as data, each written into an empty folder and run there by Ansible and by pbrun.

A file of `cases/` maps the name of a case to `files` (path: text), `flags` (words behind the playbook's name),
`env`, and `ours` with `why` where a difference is meant. There is always an inventory `hosts` (unless the case brings
its own) with h1 and h2 in `web` and h3 in `db`; each has a folder of its own, which `here` names. A playbook of many
files is a folder of `large/`; `large/variants.yaml` says with which flags it is run.

What is compared: every result of every host, the recap, the exit code, the files that were made, and what
`--list-hosts --list-tasks --list-tags` and `--syntax-check` say.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.yaml_file import read_yaml

FOLDER: Final = Path(__file__).parent
RECORDED: Final = FOLDER / "recorded"
LARGE: Final = FOLDER / "large"
LISTINGS: Final = ("--list-hosts", "--list-tasks", "--list-tags")
PLAYBOOK: Final = "site.yaml"
HOSTS: Final = ("h1", "h2", "h3")
INVENTORY: Final = """\
[web]
h1
h2
[db]
h3
[all:vars]
ansible_connection=local
ansible_python_interpreter="{{ ansible_playbook_python }}"
here={{ playbook_dir }}/out/{{ inventory_hostname }}
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `ours` replaces parts of what Ansible gave (by path `hosts/h1`), for the reason `why`."""

    name: str
    files: Mapping[str, str]
    flags: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    ours: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""

    @property
    def words(self) -> list[str]:
        """What stands on the command line."""
        return [PLAYBOOK, "-i", "hosts", *self.flags]

    @property
    def stem(self) -> str:
        """The file it stands in."""
        return self.name.partition("/")[0]

    @property
    def digest(self) -> str:
        """Changes when the case does."""
        text = json.dumps([dict(self.files), self.flags, dict(self.env)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def write(self, folder: Path) -> None:
        """Put the case's files into an empty folder."""
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            if text.startswith("#!"):
                path.chmod(0o755)
        for host in HOSTS:
            (folder / "out" / host).mkdir(parents=True, exist_ok=True)


def load() -> dict[str, Case]:
    """All cases by name."""
    found: dict[str, Case] = {}
    for path in sorted((FOLDER / "cases").glob("*.yaml")):
        for name, data in read_yaml(path).items():
            files = {"hosts": INVENTORY, **data["files"]}
            case = Case(
                f"{path.stem}/{name}",
                files,
                tuple(map(str, data.get("flags", ()))),
                data.get("env", {}),
                data.get("ours", {}),
                data.get("why", ""),
            )
            found[case.name] = case
    return {**found, **{case.name: case for case in large()}}


def large() -> Iterator[Case]:
    """The playbooks of many files: each variant of each folder of `large/`."""
    for name, variants in read_yaml(LARGE / "variants.yaml").items():
        folder = LARGE / name
        texts = {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}
        for variant, flags in variants.items():
            yield Case(f"large/{name}.{variant}", {"hosts": INVENTORY, **texts}, tuple(map(str, flags)))


def made_files(case: Case, folder: Path) -> dict[str, str]:
    """Every file and folder the run made or changed: its mode and its text, the folder's own path left out."""
    made: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            made[name] = f"-> {without(folder, str(path.readlink()))}"
        elif path.is_dir():
            if name.count("/") > 1:
                made[name] = f"{stat.S_IMODE(status.st_mode):04o}/"
        elif (text := path.read_text()) != case.files.get(name):
            made[name] = f"{stat.S_IMODE(status.st_mode):04o} {without(folder, text)}"
    return made


def without(folder: Path, text: str) -> str:
    """A text in which the case's folder has no name of its own."""
    return text.replace(str(folder), "{case}")


def said(folder: Path, task: str, status: str, item: str | None, message: Any) -> str:
    """One result as a line: `task [item]: status => message`."""
    shown = "" if item is None else f" [{item}]"
    told = "" if message in (None, "") else f" => {_text(message)}"
    return without(folder, f"{task}{shown}: {status}{told}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def listed(code: int, text: str) -> dict[str, Any]:
    """What a listing came to. Ansible prints hosts and a play's tags from sets, so in no certain order; here sorted."""
    if code:
        return {"code": code}
    text = re.sub(
        r"^(  play #.*\tTAGS: )\[(.+)\]$",
        lambda found: f"{found[1]}[{','.join(sorted(found[2].split(',')))}]",
        text,
        flags=re.MULTILINE,
    )
    blocks = re.sub(
        r"(?:^      \S+\n)+", lambda found: "".join(sorted(found[0].splitlines(True))), text, flags=re.MULTILINE
    )
    return {"code": 0, "text": blocks.strip("\n").splitlines()}


def recorded() -> dict[str, Any]:
    """What ansible-core made of the cases, by name; a file of cases has a file of records of the same name."""
    found: dict[str, Any] = {}
    for path in sorted(RECORDED.glob("*.json")):
        found.update(json.loads(path.read_text())["cases"])
    return found


def empty(folder: Path) -> None:
    """Make the folder empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
