"""A dry run never takes a variable for what it was before a step that may set it."""

from typing import Any

import pytest

from runner.model.call import Status
from runner.model.event import TaskResult
from runner.model.playbook import Loop
from runner.model.values import Unknown
from tests.execute.simulation import Simulation, play, simulate, task, template


def dry(*tasks: Any) -> Simulation:
    return simulate([play(tasks, vars={"x": "before"})], ["h1"], check=True)


def predictions(done: Simulation) -> dict[str, str | None]:
    return {event.task_id: event.prediction for event in done.events if isinstance(event, TaskResult) and event.final}


@pytest.mark.parametrize(
    "more", [{"when": ["r.rc == 0"]}, {"loop": Loop("loop", template("{{ r.stdout_lines }}"))}], ids=["when", "loop"]
)
def test_a_set_fact_that_may_run_leaves_its_variable_unknown(more: dict[str, Any]) -> None:
    setter = task("s", "set_fact", args={"x": "after"}, **more)
    reader = task("b", when=["x == 'after'"])
    done = dry(task("a", register="r"), setter, reader)
    assert isinstance(done.run.state.of("h1").live["x"], Unknown)
    assert predictions(done) == dict.fromkeys("asb", "unknown")
    assert done.ran == []


def test_one_that_does_not_run_leaves_it_as_it_was() -> None:
    setter = task("s", "set_fact", args={"x": "after"}, when=["x == 'other'", "r.rc == 0"])
    done = dry(task("a", register="r"), setter, task("b", when=["x == 'after'"]))
    assert "x" not in done.run.state.of("h1").live
    assert done.results("h1")[2] == ("b", Status.SKIPPED)
    assert predictions(done)["b"] == "same"


def test_variables_of_a_file_that_may_be_included_are_unknown(tmp_path: Any) -> None:
    (tmp_path / "v.yaml").write_text("x: after\n")
    setter = task("s", "include_vars", args={"_raw_params": str(tmp_path / "v.yaml")}, when=["r.rc == 0"])
    done = dry(task("a", register="r"), setter, task("b", when=["x == 'after'"]))
    assert predictions(done)["b"] == "unknown"
