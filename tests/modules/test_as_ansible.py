"""The same tasks through ansible-playbook and through pbrun, each on a fresh clone over SSH: the same results, the same
files. What is compared is what a playbook can see: every key of every result, but for those below, and the system.

Each file of `as_ansible` has `tasks`, perhaps `systemd` (see tests/clones.py), and sh texts to `prepare` the clone and
to show what is `seen` in it afterwards. Ansible's side is recorded beside it (`as_ansible/*.json`), because it takes
many seconds; as root, with ansible-core in PATH: `python -m tests.modules.test_as_ansible [NAME…]` records it anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clones import clone, door
from tests.yaml_file import read_yaml

pytestmark = [pytest.mark.root, pytest.mark.sshd]
FOLDER = Path(__file__).parent / "as_ansible"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
# Of what systemctl says of a unit, these say the same at any time.
UNIT = ("Id", "LoadState", "Description", "UnitFileState", "ActiveState", "SubState", "Type")
# What says how a module works, not what it did; what is random or a time; words of the tools that differ in their way.
ASIDE = frozenset(
    "invocation warnings deprecations diff stdout stderr stdout_lines stderr_lines ssh_fingerprint ssh_public_key "
    "_ansible_no_log exception elapsed start end delta".split()
)


def playbook(tasks: list[dict[str, Any]], out: Path) -> list[dict[str, Any]]:
    """A play of these tasks, each registered, whatever becomes of it; all results go to a file here."""
    numbered = [
        {**task, "register": f"r{number}", "ignore_errors": True, "no_log": False} for number, task in enumerate(tasks)
    ]
    results = "{{ [" + ", ".join(f"r{number}" for number in range(len(tasks))) + "] | to_json }}"
    write = {"ansible.builtin.copy": {"content": results, "dest": str(out)}, "delegate_to": "localhost"}
    return [{"hosts": "all", "gather_facts": False, "tasks": [*numbered, {**write, "become": False}]}]


def run(command: list[str], about: dict[str, Any], folder: Path) -> tuple[list[dict[str, Any]], str]:
    """The results of the tasks in a fresh clone, and what the case wants to see of it afterwards."""
    with clone(systemd=about.get("systemd", False)) as machine, door(machine) as farm:
        machine.run("sh", "-euc", about.get("prepare", ""))
        (folder / "hosts").write_text(
            "\n".join([*farm.inventory_lines(), "[all:vars]", "ansible_python_interpreter=/usr/bin/python3", ""])
        )
        (folder / "play.yaml").write_text(yaml.safe_dump(playbook(about["tasks"], folder / "out.json")))
        environment = {**os.environ, "ANSIBLE_LOCALHOST_WARNING": "0", "XDG_STATE_HOME": str(folder)}
        done = subprocess.run(
            [*command, "-i", str(folder / "hosts"), str(folder / "play.yaml")],
            capture_output=True,
            text=True,
            env=environment,
            cwd=folder,
            timeout=400,
            check=False,
        )
        assert (folder / "out.json").exists(), done.stdout + done.stderr
        return json.loads((folder / "out.json").read_text()), machine.run("sh", "-c", about["seen"], check=False)


def plain(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what is not compared; "not there" and "no" are the same, as are blanks at the end of a text."""
    kept = {key: value for key, value in result.items() if key not in ASIDE and value not in (None, "", False, [])}
    if "LoadState" in kept.get("status", {}):
        kept["status"] = {key: kept["status"].get(key) for key in UNIT}
    return {key: value.rstrip() if isinstance(value, str) else value for key, value in kept.items()}


def case(name: str) -> dict[str, Any]:
    """What a file of `as_ansible` says."""
    about = read_yaml(FOLDER / f"{name}.yaml")
    assert isinstance(about, dict)
    return about


@pytest.mark.parametrize("name", NAMES)
def test_same(name: str, tmp_path: Path) -> None:
    recorded = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    about = case(name)
    assert recorded["tasks"] == about["tasks"], "the tasks are not those that were recorded"
    ours, found = run([sys.executable, "-m", "runner"], about, tmp_path)
    for task, wanted, got in zip(about["tasks"], recorded["results"], ours, strict=True):
        assert plain(got) == plain(wanted), task
    assert found == recorded["seen"]


def record(names: list[str]) -> None:
    """Write what Ansible does for these files."""
    for name in names:
        about = case(name)
        with tempfile.TemporaryDirectory() as folder:
            results, seen = run(["ansible-playbook"], about, Path(folder))
        data = {"tasks": about["tasks"], "results": [plain(result) for result in results], "seen": seen}
        (FOLDER / f"{name}.json").write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record(sys.argv[1:] or NAMES)
