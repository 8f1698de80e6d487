"""What a dry run says of a play whose steps need what earlier ones would make is what then happens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.clones import clone, door
from tests.end_to_end.process import read_log

pytestmark = [pytest.mark.root, pytest.mark.sshd]

TASKS = [
    {"file": {"path": "/srv/e", "state": "directory", "owner": "nobody-knows"}, "ignore_errors": True},
    {"stat": {"path": "/srv/e"}},
    {"group": {"name": "app"}},
    {"user": {"name": "eve", "groups": ["app"]}},
    {"file": {"path": "/srv/d", "state": "directory", "owner": "eve", "group": "app"}},
    {"copy": {"content": "x\n", "dest": "/srv/d/f", "owner": "eve", "group": "eve"}},
    {"lineinfile": {"path": "/etc/hosts", "line": "127.9.9.9 x", "owner": "eve"}},
    {"file": {"path": "/etc/hostname", "group": "app"}},
]


def test_owners_that_would_be_made(tmp_path: Path) -> None:
    (tmp_path / "play.yaml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": TASKS}]))
    said = []
    with clone() as machine, door(machine) as farm:
        machine.run("rm", "-f", "/root/.bashrc", "/root/.profile")
        (tmp_path / "hosts").write_text("\n".join([*farm.inventory_lines(), ""]))
        for name, flags in (("check", ["--check"]), ("run", [])):
            log = tmp_path / f"{name}.jsonl"
            words = ["-m", "runner", "-i", "hosts", "play.yaml", "--log", str(log), *flags]
            environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
            subprocess.run([sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, check=False)
            results = [line for line in read_log(log) if line["type"] == "task_result"]
            said.append([(line["module"], line["status"]) for line in results])
            assert results[1]["values"]["stat"] == {"exists": False}, name  # what has failed has made nothing
            assert results[4]["values"]["owner"] == "eve"
    assert said[0] == said[1]
    assert [status for _, status in said[0]] == ["failed", "ok"] + ["changed"] * 6
