"""What is secret reaches no event, and what hosts report sets nothing that is not theirs to set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runner import registry
from runner.execute.scope import StepScope
from runner.execute.settings import Settings
from runner.execute.state import HostState
from runner.execute.world import World
from runner.load.files import Files
from runner.load.include import TaskLoader
from runner.model.event import TaskIntent, TaskResult
from runner.model.options import Options
from runner.model.playbook import Directives
from runner.plan.magic import is_setting
from runner.preparation import make_templar
from tests.execute.simulation import Book

HUSH = [
    "{command: 'echo hush', no_log: true}",
    "{command: 'echo {{ item }}', no_log: true, loop: [hush, hush2]}",
    "{command: 'echo {{ item }}', no_log: true, loop: [hush], loop_control: {label: 'hush {{ item }}'}}",
    "{command: 'echo {{ w }}', no_log: '{{ yes_please }}', vars: {w: hush, yes_please: true}}",
    "{command: 'echo hush {{ nope }}', no_log: true, ignore_errors: true}",
    "{command: 'echo {{ \"hush\" | int(base=99) }}', no_log: true, ignore_errors: true}",
    "{command: a, when: \"'hush' | from_json\", no_log: true, ignore_errors: true}",
    "{command: 'echo hush', no_log: '{{ nope }}', ignore_errors: true}",
    "{command: 'echo hush', no_log: true, timeout: '{{ nope_hush }}', ignore_errors: true}",
    "{debug: {msg: hush}, no_log: true}",
    "{set_fact: {secret: hush}, no_log: true}",
    "{fail: {msg: hush}, no_log: true, ignore_errors: true}",
    "{assert: {that: false, fail_msg: hush}, no_log: true, ignore_errors: true}",
    "{copy: {content: hush, dest: /x}, no_log: true, diff: true}",
    "{command: 'echo hush', no_log: true, until: false, retries: 1, delay: 1, ignore_errors: true}",
    "{command: a, loop: '{{ {\"hush\": 1} }}', no_log: true, ignore_errors: true}",
    "{command: a, notify: '{{ \"hush\" }}', no_log: true, ignore_errors: true}",
    "{include_tasks: 'hush.yml', no_log: true, ignore_errors: true}",
    "{block: [{command: 'echo hush'}], no_log: true}",
]


@pytest.mark.parametrize("text", HUSH)
@pytest.mark.parametrize("check", [False, True])
def test_no_log_leaves_nothing_in_any_event(tmp_path: Path, text: str, check: bool) -> None:
    done = Book(tmp_path).run(f"- {text}", ["h1"], lambda *_: (1, "hush"), check=check, diff=True)
    results = [event for event in done.events if isinstance(event, TaskResult)]
    assert results and all(event.censored for event in results)
    for event in done.events:
        shown = repr(event).replace("hush.yml", "") if "notify" in text else repr(event)
        assert "hush" not in shown, event
        if isinstance(event, TaskIntent):
            assert event.args_sha256 == "" and event.item is None


class Recording(Mapping[str, Any]):
    """A layer of variables that notes which names are looked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return False

    def __getitem__(self, name: str) -> Any:
        raise KeyError(name)

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize("method", registry.names("become"))
def test_no_fact_is_read_where_a_setting_is(method: str) -> None:
    """Every variable that says how a host is reached is one that facts cannot set."""
    asked = Recording()
    world = World(Options(), make_templar(), Files(), TaskLoader())
    settings = Settings(world, StepScope((asked,), {}), Directives(become=True, become_method=method))
    settings.target("h1")
    settings.become()
    assert len(asked.asked) > 20
    for name in asked.asked:
        assert is_setting(name), name
        host = HostState("h1")
        host.learn({name: "evil", name.removeprefix("ansible_"): "evil", "harmless": 1})
        assert dict(host.fact_vars) == {"ansible_harmless": 1}
