"""Plans as values: what differs is named, what was foretold is counted, digests tell nothing without their key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runner.execute.job import Step
from runner.execute.observe import observed
from runner.execute.scope import StepScope
from runner.model.call import Effect, Fragment, Reply, Status, Upload
from runner.model.event import TaskResult
from runner.plans import compare
from runner.plans.foretell import Foreteller
from runner.plans.saved import Foretold, NoPlan, SavedPlan, decode, encode
from runner.registry import load

STEP = Foretold("t1", "Config", "site.yaml:3:5", "web1", "", "copy", "changed", "change", "a1", "o1")
PLAN = SavedPlan(
    "1.0",
    "2026-01-01T00:00:00.000000Z",
    "/srv",
    ("site.yaml",),
    False,
    "00" * 32,
    {"site.yaml": "f1", "v.yaml": "f2"},
    {"host web1": {"port": "d1", "name": "d2"}},
    steps=(STEP, replace(STEP, task_id="t2", task="Again", status="ok", says="same")),
)


def test_what_is_written_is_read() -> None:
    assert decode(encode(PLAN)) == PLAN
    assert PLAN.count("change") == 1
    assert PLAN.hosts_that_change == ("web1",)
    with pytest.raises(NoPlan, match="digest does not fit"):
        decode(encode(PLAN).replace('"web1"', '"web2"'))


def test_the_same_differs_in_nothing() -> None:
    assert compare.sources(PLAN, PLAN) == []
    assert compare.steps(PLAN, PLAN) == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"files": {"site.yaml": "f9", "v.yaml": "f2"}}, ["site.yaml has changed"]),
        (
            {"files": {"site.yaml": "f1", "w.yaml": "f2"}},
            ["v.yaml is not read any more", "w.yaml was not read for the plan"],
        ),
        (
            {"variables": {"host web1": {"port": "d9", "more": "d3"}, "group db": {}}},
            [
                "group db is new",
                "host web1: variable more is new",
                "host web1: variable name is not set any more",
                "host web1: variable port has changed",
            ],
        ),
        ({"version": "1.1"}, ["pbrun itself: it was 1.0 and is 1.1"]),
    ],
)
def test_what_has_changed_is_named(changed: dict[str, Any], says: list[str]) -> None:
    assert compare.sources(PLAN, replace(PLAN, **changed)) == says


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (replace(STEP, args="a2"), "its arguments are not those of the plan"),
        (replace(STEP, observed="o2"), "the host, or what would be put there, is not as it was for the plan"),
        (replace(STEP, status="ok", says="same"), "the plan said a change, now it is nothing to change"),
        (replace(STEP, status="failed", says="same"), "the plan said a change, now it is failed"),
        (replace(STEP, status="skipped", says="unknown"), "the plan said a change, now it is not known before the run"),
    ],
)
def test_what_a_step_would_do_otherwise(step: Foretold, says: str) -> None:
    assert compare.steps(PLAN, replace(PLAN, steps=(step, PLAN.steps[1]))) == [
        f"web1: 'Config' (site.yaml:3:5): {says}"
    ]


def test_steps_that_come_and_go() -> None:
    item = replace(STEP, item='"a"')
    found = compare.steps(replace(PLAN, steps=(STEP, STEP)), replace(PLAN, steps=(STEP, item)))
    assert found == [
        "web1: 'Config' (site.yaml:3:5): would not run any more",
        "web1: 'Config', item \"a\" (site.yaml:3:5): would run, and is not in the plan",
    ]


def result(task_id: str, changed: bool) -> TaskResult:
    return TaskResult("p", "t", task_id, "web1", "copy", Status.CHANGED if changed else Status.OK, changed=changed)


def test_what_was_foretold_is_counted() -> None:
    tells = Foreteller(PLAN)
    assert tells(result("t1", changed=True)) == "change"
    assert tells(result("t2", changed=True)) == "same"
    assert tells(result("t2", changed=True)) == "nothing"
    assert (tells.right, tells.wrong, tells.open) == (1, 1, 1)
    assert [
        replace(result("t", changed=True), foretold=said).missed for said in ("same", "change", "unknown", None)
    ] == [
        True,
        False,
        False,
        False,
    ]


def digest(module: str = "copy", seal: bytes = b"k", effect: Effect = Effect.IDEMPOTENT, **reply: Any) -> str:
    upload = Upload("0", 1, reply.pop("sha1", "s"), content=b"x")
    step = Step(StepScope.__new__(StepScope), module=load("modules", module))
    step.fragment = Fragment(apply=reply.pop("apply", "put"), effect=effect, uploads=(upload,))
    return observed(seal, step, Reply(1, 0, **{"differs": True, "values": {"sum": b"1"}, **reply}))


def test_a_digest_knows_host_text_and_files() -> None:
    same = digest()
    assert digest() == same
    others = [
        digest(values={"sum": b"2"}),
        digest(differs=False),
        digest(apply="put this"),
        digest(sha1="t"),
        digest(seal=b"other key"),
        digest(values={"su": b"m1"}),
    ]
    assert len({same, *others}) == len(others) + 1


def test_what_changes_by_itself_is_no_change() -> None:
    assert digest("service", values={"uptime": b"1"}) == digest("service", values={"uptime": b"2"})
    assert digest("service", apply="start") != digest("service", apply="stop")
    assert digest(effect=Effect.READ, values={"uptime": b"1"}) == ""
