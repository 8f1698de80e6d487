"""Commands that look at nothing outside their own host need no gate; every other command has one."""

from __future__ import annotations

import pytest

from runner.model.values import Template
from tests.execute.simulation import play, simulate, task


@pytest.mark.parametrize(
    ("module", "text", "alone"),
    [
        ("shell", "echo hello", True),
        ("shell", "id -u", True),
        ("shell", "echo hello > /srv/shared", False),
        ("shell", "echo $(cat /srv/shared)", False),
        ("shell", "echo a; cat /srv/shared", False),
        ("shell", "cat /srv/shared", False),
        ("shell", Template("echo {{ inventory_hostname }}"), False),
        ("command", "echo $(cat /srv/shared)", True),
        ("command", Template("echo {{ inventory_hostname }}"), True),
        ("command", Template("{{ 'cat' }} /srv/shared"), False),
        ("command", "curl localhost", False),
    ],
)
def test_who_waits_for_the_other_hosts(module: str, text: str, alone: bool) -> None:
    tasks = [
        task(f"t{number}", module, args={"cmd" if module == "shell" else "_raw_params": text}) for number in range(3)
    ]
    done = simulate([play(tasks)], ["h1", "h2"])
    first = [len(trip.lines) for trip in done.sent if trip.target.host == "h1"]
    assert first == ([3] if alone else [1, 1, 1])
