"""Inventory scripts: what they print, and everything they may do wrong."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from runner.errors import InputErrors
from runner.load.inventory import load_inventory
from runner.load.inventory_script import Limits
from runner.model.values import Template

LIMITS = Limits(timeout_s=1.0, max_output=100_000)


def _script(folder: Path, body: str, mode: int = 0o755) -> str:
    path = folder / "hosts.sh"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(mode)
    return str(path)


def _refused(path: str) -> str:
    with pytest.raises(InputErrors) as caught:
        load_inventory([path], limits=LIMITS)
    return "\n".join(problem.message for problem in caught.value.problems)


def test_list_with_meta(tmp_path: Path) -> None:
    path = _script(
        tmp_path,
        """[ "$1" = --list ] || exit 9
echo '{"web": {"hosts": ["w1", "w2"], "vars": {"a": "{{ b }}", "c": {"__ansible_unsafe": "{{ d }}"}},
               "children": ["x"]},
       "db": ["d1"], "old": {"k": 1}, "empty": {},
       "_meta": {"hostvars": {"w1": {"ansible_port": 2222, "l": [1, "{{ e }}"]}, "unlisted": {"z": 1}}}}'""",
    )
    inventory, _ = load_inventory([path])
    assert list(inventory.hosts) == ["w1", "w2", "d1", "old"]
    assert inventory.hosts["w1"].vars["ansible_port"] == 2222
    assert inventory.groups["web"].children == ("x",)
    assert type(inventory.groups["web"].vars["a"]) is Template
    assert type(inventory.groups["web"].vars["c"]) is str
    assert inventory.groups["old"].vars == {"k": 1}
    assert inventory.sources == (path,)


def test_without_meta_every_host_is_asked_for(tmp_path: Path) -> None:
    path = _script(
        tmp_path,
        """case $1 in
--list) echo '{"web": {"hosts": ["w1", "w2"]}}' ;;
--host) [ "$2" = w2 ] || printf '{"name_of": "%s"}' "$2" ;;
esac""",
    )
    inventory, _ = load_inventory([path])
    assert inventory.hosts["w1"].vars["name_of"] == "w1"
    assert "name_of" not in inventory.hosts["w2"].vars


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo '{'", "did not print JSON"),
        ("echo '[1]'", "a list instead of an object of groups"),
        ("printf '\\000'", "did not print JSON"),
        ("echo secret oops >&2; exit 3", "exit code 3; it said: secret oops"),
        ("exec sleep 20", "did not end within 1 s"),
        ("trap '' TERM; sleep 20 & wait", "did not end within 1 s"),
        ("exec >&-; exec 2>&-; sleep 20", "did not end within 1 s"),
        ("yes", "printed more than 100000 bytes"),
        ('echo \'{"web": {"hosts": ["-oProxyCommand=x"]}, "_meta": {"hostvars": {}}}\'', "begins with '-'"),
        ('echo \'{"web": {"hosts": 3}}\'', "web.hosts is a number instead of a list"),
        ("echo '{\"web\": 3}'", "group 'web' is a number"),
        ('echo \'{"_meta": {"hostvars": []}}\'', "_meta.hostvars is a list"),
        ("kill -9 $$", "exit code -9"),
    ],
)
def test_what_scripts_do_wrong_is_said_in_one_line(tmp_path: Path, body: str, said: str) -> None:
    begin = time.monotonic()
    message = _refused(_script(tmp_path, body))
    assert said in message
    assert "\n" not in message
    assert time.monotonic() - begin < 4.5


def test_a_child_that_keeps_the_output_open_hangs_nothing(tmp_path: Path) -> None:
    path = _script(tmp_path, 'sleep 5 & echo "{\\"web\\": [\\"w1\\"], \\"_meta\\": {\\"hostvars\\": {}}}"')
    begin = time.monotonic()
    inventory, _ = load_inventory([path])
    assert list(inventory.hosts) == ["w1"]
    assert time.monotonic() - begin < 4.5


@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_a_script_that_others_can_change_is_not_run(tmp_path: Path, mode: int) -> None:
    path = _script(tmp_path, f"touch {tmp_path}/ran", mode)
    assert "can be written by others" in _refused(path)
    assert not (tmp_path / "ran").exists()


def test_a_script_in_a_folder_that_others_can_change_is_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    path = _script(folder, f"touch {tmp_path}/ran")
    assert "its folder can be written by others" in _refused(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.root
def test_a_script_of_somebody_else_is_not_run(tmp_path: Path) -> None:
    path = _script(tmp_path, f"touch {tmp_path}/ran")
    os.chown(path, 12345, 12345)
    assert "belongs to user id 12345" in _refused(path)
    assert not (tmp_path / "ran").exists()


def test_a_list_that_happens_to_be_executable_is_read(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("[web]\nw1\n")
    path.chmod(0o755)
    assert list(load_inventory([str(path)])[0].hosts) == ["w1"]
