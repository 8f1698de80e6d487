"""How often costly things are done, counted: nothing that grows with hosts or tasks is done anew for each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from runner.execute.run import Run
from runner.execute.world import World
from runner.load.files import Files
from runner.load.include import TaskLoader
from runner.model.inventory import Host
from runner.model.names import Names
from runner.model.options import Options
from runner.model.playbook import Playbook
from runner.plan.build import make_plan
from runner.preparation import make_templar
from runner.template.templar import Templar
from tests.execute.simulation import Simulation, inventory, play, task, template


class Counted(Mapping[str, Any]):
    """Variables that count how often all of them are walked through."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values_ = values
        self.walks = 0

    def __getitem__(self, name: str) -> Any:
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        self.walks += 1
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


class CountingTemplar(Templar):
    """The real template layer, with a count of what it is asked."""

    asked = 0

    def render(self, value: Any, names: Names) -> Any:
        self.asked += 1
        return super().render(value, names)


def effort(hosts: int, tasks: int, strategy: str) -> tuple[int, float]:
    """How often the variables of a host were walked through, and renderings for each step."""
    counted = Counted({"x": 1, "y": template("{{ x }}")})
    names = [f"h{number}" for number in range(hosts)]
    known = inventory(*names)
    known = replace(known, hosts={name: Host(name, counted) for name in names})
    steps = [task(f"t{n}", args={"_raw_params": template("echo {{ y }}")}) for n in range(tasks)]
    options = Options(strategy=strategy)
    made = make_templar()
    templar = CountingTemplar()
    plan = make_plan(Playbook((play(steps),)), known, options, made)
    world = World(options, templar, Files(), TaskLoader())
    run = Run(world, plan, known, lambda _play, now: tuple(now.hosts))
    Simulation(run, lambda *_: 0).go()
    return counted.walks // hosts, templar.asked / (hosts * tasks)


@pytest.mark.parametrize("strategy", ["linear", "free", "host_pinned", "dag"])
def test_variables_are_laid_together_once_a_host_and_few_things_are_rendered_a_step(strategy: str) -> None:
    few, many = effort(4, 3, strategy), effort(4, 30, strategy)
    assert many[0] == few[0] <= 3
    assert many[1] <= few[1] <= 30
    assert effort(16, 3, strategy)[0] <= few[0]


def test_a_template_is_compiled_once_however_many_hosts_render_it() -> None:
    hosts = 20
    templar = make_templar()
    names = [f"h{number}" for number in range(hosts)]
    known = inventory(*names)
    steps = [
        task(f"t{n}", args={"_raw_params": template("echo {{ inventory_hostname }}")}, when=["1 == 1"])
        for n in range(5)
    ]
    plan = make_plan(Playbook((play(steps),)), known, Options(), templar)
    world = World(Options(), templar, Files(), TaskLoader())
    Simulation(Run(world, plan, known, lambda _play, now: tuple(now.hosts)), lambda *_: 0).go()
    first = templar._compiler.template("echo {{ inventory_hostname }}")
    assert templar._compiler.template("echo {{ inventory_hostname }}") is first
    assert templar._compiler.condition("1 == 1") is templar._compiler.condition("1 == 1")
