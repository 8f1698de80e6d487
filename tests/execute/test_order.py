"""Order, gates, failures and fusing, on simulated hosts."""

from __future__ import annotations

from typing import Any

from runner.model.call import Status
from runner.model.event import HandlerNotified, IntentWithdrawn, TaskIntent, TaskResult
from runner.model.playbook import Condition, Loop, Node
from tests.execute.simulation import PLACE, Simulation, block, play, simulate, task, template


def fails(*which: tuple[str, str]) -> Any:
    """An answer by which the named (host, task) fail."""
    return lambda host, task_id, _item, _attempt: int((host, task_id) in which)


def trips_of(simulation: Simulation, host: str) -> list[int]:
    return [len(trip.lines) for trip in simulation.sent if trip.target.host == host]


def test_linear_waits_for_all_hosts_before_a_command() -> None:
    done = simulate([play([task("a"), task("b")])], ["h1", "h2", "h3"])
    assert [task_id for _, task_id, _ in done.ran] == ["a"] * 3 + ["b"] * 3


def test_free_fuses_all_commands_of_a_host_into_one_trip() -> None:
    done = simulate([play([task("a"), task("b"), task("c")])], ["h1", "h2"], strategy="free")
    assert trips_of(done, "h1") == [3]
    assert done.results("h2") == [("a", Status.CHANGED), ("b", Status.CHANGED), ("c", Status.CHANGED)]


def test_one_host_alone_needs_no_gate() -> None:
    done = simulate([play([task("a"), task("b"), task("c")])], ["h1"])
    assert trips_of(done, "h1") == [3]


def test_what_reads_a_register_waits_for_it() -> None:
    tasks = [task("a", register="r"), task("b", when=["r.rc == 0"]), task("c")]
    done = simulate([play(tasks)], ["h1"])
    assert trips_of(done, "h1") == [1, 2]


def test_a_failure_stops_its_host_and_voids_what_was_sent_ahead() -> None:
    done = simulate([play([task("a"), task("b"), task("c")])], ["h1", "h2"], fails(("h1", "a")), strategy="free")
    assert done.results("h1") == [("a", Status.FAILED)]
    assert [event.task_id for event in done.events if isinstance(event, IntentWithdrawn)] == ["b", "c"]
    assert len(done.results("h2")) == 3
    assert done.run.exit_code() == 2


def test_every_intent_has_a_result_or_is_void() -> None:
    tasks: list[Node] = [task("a"), block("k", [task("b"), task("c")], [task("d")], [task("e")]), task("f")]
    done = simulate([play(tasks)], ["h1", "h2"], fails(("h1", "b"), ("h2", "e")), strategy="free")
    intents = {(e.host, e.task_id) for e in done.events if isinstance(e, TaskIntent)}
    ends = {(e.host, e.task_id) for e in done.events if isinstance(e, TaskResult | IntentWithdrawn)}
    assert intents <= ends


def test_rescue_takes_over_and_always_runs() -> None:
    tasks: list[Node] = [block("k", [task("a"), task("b")], [task("r")], [task("z")]), task("after")]
    done = simulate([play(tasks)], ["h1", "h2"], fails(("h1", "a")), strategy="free")
    assert [name for name, _ in done.ran_on("h1")] == ["a", "r", "z", "after"]
    assert [name for name, _ in done.ran_on("h2")] == ["a", "b", "z", "after"]
    recap = done.run.recap()["h1"]
    assert (recap.rescued, recap.failed, recap.ok) == (1, 0, 3)


def test_always_runs_even_when_nothing_rescues() -> None:
    tasks: list[Node] = [block("k", [task("a")], (), [task("z")]), task("after")]
    done = simulate([play(tasks)], ["h1"], fails(("h1", "a")))
    assert [name for name, _ in done.ran_on("h1")] == ["a", "z"]
    assert done.run.exit_code() == 2


def test_nested_blocks_hand_a_failure_outward() -> None:
    inner = block("inner", [task("a")], [task("r1")], [task("z1")])
    outer = block("outer", [inner, task("skipped")], [task("r2")], [task("z2")])
    done = simulate([play([outer, task("after")])], ["h1"], fails(("h1", "a"), ("h1", "r1")))
    assert [name for name, _ in done.ran_on("h1")] == ["a", "r1", "z1", "r2", "z2", "after"]


def test_ignore_errors_goes_on_in_the_same_trip() -> None:
    tasks = [task("a", directives={"ignore_errors": True}), task("b")]
    done = simulate([play(tasks)], ["h1"], fails(("h1", "a")))
    assert trips_of(done, "h1") == [2]
    recap = done.run.recap()["h1"]
    assert (recap.ok, recap.ignored, recap.failed) == (2, 1, 0)


def test_handlers_run_once_after_the_tasks_where_they_were_notified() -> None:
    handler = task("reload", listen=("web",))
    tasks = [task("a", notify=("reload",)), task("b", notify=("web",)), task("c", changed_when=(Condition(False),))]
    done = simulate([play(tasks, handlers=(handler,))], ["h1"], strategy="free")
    assert [name for name, _ in done.ran_on("h1")] == ["a", "b", "c", "reload"]
    assert len([event for event in done.events if isinstance(event, HandlerNotified)]) == 2


def test_a_failed_host_runs_its_handlers_only_when_forced() -> None:
    tasks = [task("a", notify=("reload",)), task("b")]
    for force, expected in ((False, ["a", "b"]), (True, ["a", "b", "reload"])):
        plays = [play(tasks, handlers=(task("reload"),))]
        done = simulate(plays, ["h1"], fails(("h1", "b")), force_handlers=force)
        assert [name for name, _ in done.ran_on("h1")] == expected


def test_items_of_a_loop_travel_together_and_all_run() -> None:
    loop = Loop("loop", [1, 2, 3])
    done = simulate(
        [play([task("a", loop=loop), task("b")])],
        ["h1"],
        lambda _h, task_id, item, _a: int(task_id == "a" and item == 2),
    )
    assert done.ran_on("h1") == [("a", 1), ("a", 2), ("a", 3)]
    assert done.results("h1") == [("a", Status.FAILED)]


def test_until_tries_again_after_its_delay() -> None:
    tasks = [task("a", register="r", until=(Condition("r.rc == 0", PLACE),), retries=3, delay_s=5), task("b")]
    done = simulate([play(tasks)], ["h1"], lambda _h, task_id, _i, attempt: int(task_id == "a" and attempt < 3))
    assert done.ran_on("h1") == [("a", None)] * 3 + [("b", None)]
    assert done.now >= 1010


def test_until_gives_up_after_its_retries() -> None:
    tasks = [task("a", until=(Condition(False),), retries=2, delay_s=1)]
    done = simulate([play(tasks)], ["h1"])
    assert len(done.ran) == 3
    assert done.results("h1") == [("a", Status.FAILED)]


def test_run_once_runs_on_the_first_host_and_all_learn_its_result() -> None:
    tasks = [task("a", register="r", directives={"run_once": True}), task("b", when=["r.stdout == 'a None'"])]
    done = simulate([play(tasks)], ["h1", "h2"])
    assert done.ran[0] == ("h1", "a", None)
    assert sorted(done.ran[1:]) == [("h1", "b", None), ("h2", "b", None)]


def test_serial_runs_batch_after_batch_and_stops_when_one_fails_wholly() -> None:
    plays = [play([task("a"), task("b")], serial=(1, 2)), play([task("c")], id="p2", name="p2")]
    done = simulate(plays, ["h1", "h2", "h3"])
    assert [(host, name) for host, name, _ in done.ran][:4] == [("h1", "a"), ("h1", "b"), ("h2", "a"), ("h3", "a")]
    stopped = simulate(plays, ["h1", "h2", "h3"], fails(("h1", "a")))
    assert stopped.ran == [("h1", "a", None)]


def test_delegation_runs_at_the_other_host_for_the_first() -> None:
    done = simulate([play([task("a", delegate_to="h2")])], ["h1"])
    assert [trip.target.host for trip in done.sent] == ["h2"]
    assert done.results("h1") == [("a", Status.CHANGED)]


def test_dag_overlaps_what_is_independent_and_keeps_what_is_not() -> None:
    tasks = [
        task("a", register="r"),
        task("b"),
        task("c", args={"_raw_params": template("echo {{ r.rc }}")}),
        task("d", needs=("b",)),
    ]
    done = simulate([play(tasks)], ["h1"], strategy="dag")
    order = [name for name, _ in done.ran_on("h1")]
    assert order.index("a") < order.index("c")
    assert order.index("b") < order.index("d")
    assert len(done.sent) >= 2


def test_plays_that_need_nothing_of_one_another_run_side_by_side() -> None:
    plays = [
        play([task("a")], id="p1", name="one"),
        play([task("b")], id="p2", name="two", needs=()),
        play([task("c")], id="p3", name="three", needs=("one", "two")),
    ]
    done = simulate(plays, ["h1"], pick=lambda count: count - 1)
    assert [name for name, _ in done.ran_on("h1")] == ["b", "a", "c"]


def test_a_set_fact_in_a_loop_sees_the_item_before() -> None:
    loop = Loop("loop", [1, 2, 3])
    value = template("{{ (x | default([])) + [item] }}")
    tasks = [
        task("set", "set_fact", args={"x": value}, loop=loop),
        task("check", "assert", args={"that": ["x == [1, 2, 3]"]}),
    ]
    assert simulate([play(tasks)], ["h1"]).run.exit_code() == 0
