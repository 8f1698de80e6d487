"""The same tasks through ansible-playbook and through pbrun, each on a fresh clone over SSH: the same results, the same
files. What is compared is what a playbook can see: every key of every result, but for those below, and the system.

Each file of `as_ansible` has `tasks`, perhaps `systemd` (see tests/clones.py), `files` beside the playbook, and sh
texts to `prepare` the clone and to show what is `seen` in it afterwards. Where a difference is meant, `meant` says `of`
which module, in which `keys` (`a.b`: in a part) and `why`; perhaps `only` of failures, or of the task of this name.

Ansible's side is recorded beside it (`as_ansible/*.json`), because it takes many seconds, and so that what Ansible's
modules want of a host (python3-apt, python3-debian, python3-pexpect) has to be there only then; as root, with
ansible-core in PATH: `python -m tests.modules.test_as_ansible [NAME…]` records it anew.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.load.keywords import KEYWORDS
from tests.clones import clone, door
from tests.yaml_file import read_yaml

pytestmark = [pytest.mark.root, pytest.mark.sshd]
FOLDER = Path(__file__).parent / "as_ansible"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
# Of what systemctl says of a unit, these say the same at any time.
UNIT = ("Id", "LoadState", "Description", "UnitFileState", "ActiveState", "SubState", "Type")
# What says how a module works, not what it did.
ASIDE = frozenset("invocation warnings deprecations diff exception _ansible_no_log ansible_facts_cacheable".split())
# What the tools said, in their own words and order; of modules that run the user's own words it is all that counts.
WORDS = frozenset("stdout stderr stdout_lines stderr_lines".split())
SAYS = frozenset("command shell raw script expect".split())
# A time, a number of the file system or something random: of these the type is compared.
VARIES = frozenset(
    """start stop end delta elapsed ssh_fingerprint ssh_public_key atime mtime ctime inode dev blocks block_size
    device_type cache_update_time ansible_job_id results_file date last_modified server""".split()
)
# Names that are made up, in whatever text.
MADE_UP = (
    (re.compile(r"\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~"), ".BACKUP"),
    (re.compile(r"(?<=/ansible\.)\w{8}"), "RANDOM"),
    (re.compile(r"(?<=/tmp/crontab)\w+"), "RANDOM"),
    (re.compile(r"/root/\.ansible/tmp/ansible-tmp-[\d.-]+"), "TEMPORARY"),
)


def playbook(tasks: list[dict[str, Any]], out: Path) -> list[dict[str, Any]]:
    """A play of these tasks, each registered, whatever becomes of it; all results go to a file here."""
    numbered = [
        {"register": f"r{number}", **task, "ignore_errors": True, "no_log": False} for number, task in enumerate(tasks)
    ]
    results = "{{ [" + ", ".join(task["register"] for task in numbered) + "] | to_json }}"
    write = {"ansible.builtin.copy": {"content": results, "dest": str(out)}, "delegate_to": "localhost"}
    return [{"hosts": "all", "gather_facts": False, "tasks": [*numbered, {**write, "become": False}]}]


def run(command: list[str], about: dict[str, Any], folder: Path) -> tuple[list[dict[str, Any]], str]:
    """The results of the tasks in a fresh clone, and what the case wants to see of it afterwards."""
    with clone(systemd=about.get("systemd", False)) as machine, door(machine) as farm:
        # What root's shell does at its start on this machine takes time, and is no part of any case.
        machine.run("sh", "-euc", "rm -f /root/.bashrc /root/.profile\n" + about.get("prepare", ""))
        (folder / "hosts").write_text(
            "\n".join([*farm.inventory_lines(), "[all:vars]", "ansible_python_interpreter=/usr/bin/python3", ""])
        )
        for name, text in about.get("files", {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        (folder / "play.yaml").write_text(yaml.safe_dump(playbook(about["tasks"], folder / "out.json")))
        environment = {**os.environ, "ANSIBLE_PIPELINING": "1", "XDG_STATE_HOME": str(folder)}
        done = subprocess.run(
            [*command, "-i", str(folder / "hosts"), str(folder / "play.yaml")],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment,
            cwd=folder,
            timeout=400,
            check=False,
        )
        assert (folder / "out.json").exists(), done.stdout + done.stderr
        text = (folder / "out.json").read_text().replace(str(folder), "{here}")
        return json.loads(text), _steady("", machine.run("sh", "-c", about["seen"], check=False))


def module_of(task: dict[str, Any]) -> str:
    """The short name of the module that a task is for."""
    action = next(key for key in task if key not in KEYWORDS or "task" not in KEYWORDS[key].where)
    return action.rpartition(".")[2]


def plain(result: dict[str, Any], module: str) -> dict[str, Any]:
    """A result without what is not compared; "not there" and "no" are the same, as are blanks at the end of a text.
    Of a failure's message, it is compared that there is one: it has words of its own, and says more."""
    aside = ASIDE if module in SAYS else ASIDE | WORDS
    kept = {key: _steady(key, value) for key, value in result.items() if key not in aside}
    if result.get("failed"):
        kept["msg"] = "<said>" if kept.get("msg") else None
    if isinstance(kept.get("status"), dict) and "LoadState" in kept["status"]:
        kept["status"] = {key: kept["status"].get(key) for key in UNIT}
    if kept.get("state") == "directory" and "size" in kept:
        kept["size"] = "<int>"
    if module == "package_facts":  # what a machine has is its own affair
        kept["ansible_facts"] = _steady("", _one_package(kept["ansible_facts"]))
    if isinstance(kept.get("results"), list):
        kept["results"] = [plain(one, module) if isinstance(one, dict) else one for one in kept["results"]]
    return {key: value for key, value in kept.items() if value not in (None, "", False, [])}


def _one_package(facts: dict[str, Any]) -> dict[str, Any]:
    return {"packages": {"dpkg": [{**one, "version": "<str>"} for one in facts["packages"]["dpkg"]]}}


def _steady(key: str, value: Any) -> Any:
    """A value without what is another one each time."""
    if key in VARIES and value not in (None, ""):
        return f"<{type(value).__name__}>"
    if isinstance(value, dict):
        parts = {name: _steady(name, part) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part not in (None, "", [])}
    if isinstance(value, list):
        return [_steady("", part) for part in value]
    if isinstance(value, str):
        for pattern, name in MADE_UP:
            value = pattern.sub(name, value)
        return value.rstrip()
    return value


def case(name: str) -> dict[str, Any]:
    """What a file of `as_ansible` says."""
    about = read_yaml(FOLDER / f"{name}.yaml")
    assert isinstance(about, dict)
    return about


def take(result: dict[str, Any], path: str) -> Any:
    """Take a key out of a result (`a.b`: of a part of it); None if there is none."""
    *parts, key = path.split(".")
    for part in parts:
        result = result.get(part, {})
    return result.pop(key, None)


def unlike(
    about: dict[str, Any], task: dict[str, Any], wanted: dict[str, Any], got: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """Take what is meant to differ out of two results of a task; gives module and key of each that does."""
    module, failed = module_of(task), wanted.get("failed", False)
    for one in about.get("meant", ()):
        if one["of"] == module and one.get("only") in (None, task.get("name"), "failure" if failed else None):
            for key in one["keys"]:
                if take(wanted, key) != take(got, key):
                    yield module, key


@pytest.mark.parametrize("name", NAMES)
def test_same(name: str, tmp_path: Path) -> None:
    recorded = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    about = case(name)
    assert recorded["tasks"] == about["tasks"], "the tasks are not those that were recorded"
    ours, found = run([sys.executable, "-m", "runner"], about, tmp_path)
    differ = set()
    for task, wanted, got in zip(about["tasks"], recorded["results"], ours, strict=True):
        result = plain(got, module_of(task))
        differ |= {*unlike(about, task, wanted, result)}
        assert result == wanted, task
    assert differ == {(one["of"], key) for one in about.get("meant", ()) for key in one["keys"]}, (
        "no difference any more"
    )
    assert found == recorded["seen"]


def record(names: list[str]) -> None:
    """Write what Ansible does for these files."""
    for name in names:
        about = case(name)
        with tempfile.TemporaryDirectory() as folder:
            results, seen = run(["ansible-playbook"], about, Path(folder))
        data = {
            "tasks": about["tasks"],
            "results": [plain(result, module_of(task)) for task, result in zip(about["tasks"], results, strict=True)],
            "seen": seen,
        }
        (FOLDER / f"{name}.json").write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record(sys.argv[1:] or NAMES)
