"""The same ansible.cfg and the same environment, read by ansible-core and by us."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runner.load.configuration import load_settings
from runner.model.settings import Settings, used_rows
from tests.configuration.samples import as_ansible_cfg, as_environment
from tests.inventory.reference import programs

_ASK = """
import json, sys
from ansible.config.manager import ConfigManager
from ansible.parsing.dataloader import DataLoader
manager, answers = ConfigManager(), {}
for name in json.load(sys.stdin):
    value, origin = manager.get_config_value_and_origin(name)
    answers[name] = [value, str(origin)]
print(json.dumps(answers, default=str))
"""
# The connection has variables and places of its own for these, which win there.
_OF_SSH = {"HOST_KEY_CHECKING", "DEFAULT_TIMEOUT"}
# What is a truth value here is text there.
_TEXT_THERE = {"DEFAULT_VAULT_ID_MATCH"}


def _theirs(folder: Path, environ: dict[str, str]) -> dict[str, Any]:
    names = [row.ansible for row in used_rows() if row.ansible]
    done = subprocess.run(
        [programs() / "python", "-c", _ASK],
        input=json.dumps(names),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def _ours(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in used_rows():
        if row.ansible and row.name in settings.origins:
            value = getattr(settings, row.name)
            found[row.ansible] = [list(value) if isinstance(value, tuple) else value, settings.origins[row.name]]
    return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a command that is started in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", f"{tmp_path}/home")
    return {"HOME": f"{tmp_path}/home"}


def _alike(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    for name in _TEXT_THERE & ours.keys():
        assert theirs[name][0] == "yes"
        theirs[name][0] = True
    for name in _OF_SSH & ours.keys():
        theirs[name][1] = ours[name][1]
    assert {name: theirs[name] for name in ours} == ours


@pytest.mark.ansible
def test_every_place_in_ansible_cfg(tmp_path: Path, home: dict[str, str]) -> None:
    (tmp_path / "ansible.cfg").write_text(as_ansible_cfg())
    settings, _ = load_settings(home, tmp_path)
    ours = _ours(settings)
    assert len(ours) == sum(bool(row.ansible and row.ini) for row in used_rows())
    _alike(_theirs(tmp_path, home), ours)


@pytest.mark.ansible
def test_every_variable(tmp_path: Path, home: dict[str, str]) -> None:
    environ = {**home, **as_environment()}
    settings, _ = load_settings(environ, tmp_path)
    ours = _ours(settings)
    assert len(ours) == sum(bool(row.ansible and row.env) for row in used_rows())
    _alike(_theirs(tmp_path, environ), ours)


QUIRKS = """\
[defaults]
forks: 3 ; three
Remote_User = "quoted"   ; a remark
roles_path = one:
    two
# strategy = free
private_key_file = $HOME/key
library = {{CWD}}/modules
ansible_managed = %d {file} # no remark
become = nowhere
[privilege_escalation]
BECOME = On
become_user = 'db # one'
[tags]
run = a,, 'b' , "c"
"""


@pytest.mark.ansible
def test_quirks_of_the_format(tmp_path: Path, home: dict[str, str]) -> None:
    (tmp_path / "ansible.cfg").write_text(QUIRKS)
    settings, _ = load_settings(home, tmp_path)
    ours, theirs = _ours(settings), _theirs(tmp_path, home)
    theirs["TAGS_RUN"][0] = [word for word in theirs["TAGS_RUN"][0] if word]
    theirs["DEFAULT_ROLES_PATH"][0] = [word.replace("\n", "") for word in theirs["DEFAULT_ROLES_PATH"][0]]
    assert set(ours) >= {"DEFAULT_FORKS", "DEFAULT_REMOTE_USER", "DEFAULT_ROLES_PATH", "DEFAULT_BECOME", "TAGS_RUN"}
    _alike(theirs, ours)
