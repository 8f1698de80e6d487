"""Trips that are lost: before they left, on their way, or refused; and what every intent comes to in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.model.call import Status, Trip, TripEnd
from runner.model.event import HostLost, IntentWithdrawn, TaskIntent, TaskResult
from runner.model.playbook import Loop, Node
from tests.execute.simulation import Book, Simulation, block, play, simulate, task

THREE = """
- hosts: all
  gather_facts: false
  strategy: free
  ignore_unreachable: %s
  ignore_errors: %s
  tasks:
    - {name: a, command: a}
    - {name: b, command: b}
    - {name: c, command: c}
- hosts: all
  gather_facts: false
  tasks:
    - {name: next, command: next}
"""


def first_at(line: int, end: Callable[[int], TripEnd]) -> Callable[[Trip, int], TripEnd | None]:
    """The first trip ends before its line of this number."""
    return lambda trip, at: end(trip.id) if trip.id == 1 and at == line else None


def unsent(trip: int) -> TripEnd:
    return TripEnd(trip, "no route to host", sent=False)


def broken(trip: int) -> TripEnd:
    return TripEnd(trip, "connection reset", sent=True)


def refused(trip: int) -> TripEnd:
    return TripEnd(trip, "sudo: a password is required", sent=False, refused=True)


def told(done: Simulation) -> list[str]:
    """The events that matter here, in order."""
    found: list[str] = []
    for event in done.events:
        if isinstance(event, HostLost):
            found.append(f"lost {event.phase}")
        elif isinstance(event, TaskResult):
            found.append(f"{event.task} {event.status}{' ignored' if event.ignored else ''}")
        elif isinstance(event, TaskIntent):
            found.append(f"intent {event.task}")
        elif isinstance(event, IntentWithdrawn):
            found.append("void")
    return found


def test_what_never_left_is_unreachable_and_the_rest_was_not_begun(tmp_path: Path) -> None:
    done = Book(tmp_path).run(THREE % (False, False), ["h1"], lose=first_at(0, unsent))
    sent = ["intent a", "intent b", "intent c"]
    assert told(done) == [*sent, "lost connect", "void", "void", "a unreachable"]
    recap = done.run.recap()["h1"]
    assert (recap.unreachable, recap.ok, recap.skipped) == (1, 0, 0)
    assert done.run.exit_code() == 4


def test_what_was_under_way_may_have_run(tmp_path: Path) -> None:
    done = Book(tmp_path).run(THREE % (False, False), ["h1"], lose=first_at(1, broken))
    assert told(done)[3:] == ["a changed", "lost run", "b indeterminate", "c indeterminate"]
    assert done.run.exit_code() == 4
    assert "may or may not have run" in [e.msg for e in done.events if isinstance(e, TaskResult)][1]


def test_a_refused_user_fails_the_step_and_the_host_is_not_lost(tmp_path: Path) -> None:
    done = Book(tmp_path).run(THREE % (False, False), ["h1"], lose=first_at(0, refused))
    assert told(done)[3:] == ["void", "void", "a failed"]
    assert done.run.exit_code() == 2
    ignored = Book(tmp_path).run(THREE % (False, True), ["h1"], lose=first_at(0, refused))
    assert [name for name, _ in ignored.ran_on("h1")] == ["b", "c", "next"]
    assert ignored.run.exit_code() == 0


def test_a_host_that_may_be_unreachable_is_tried_again_with_the_next_task(tmp_path: Path) -> None:
    done = Book(tmp_path).run(THREE % (True, False), ["h1"], lose=first_at(0, unsent))
    assert [name for name, _ in done.ran_on("h1")] == ["b", "c", "next"]
    assert done.results("h1")[0] == ("a", Status.UNREACHABLE)
    recap = done.run.recap()["h1"]
    assert (recap.unreachable, recap.ok, recap.ignored) == (0, 4, 1)
    assert done.run.exit_code() == 0
    later = Book(tmp_path).run(THREE % (True, False), ["h1"], lose=first_at(1, broken))
    assert [status for _, status in later.results("h1")] == ["changed", "indeterminate", "indeterminate", "changed"]


def test_a_long_loop_travels_in_several_trips(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a, loop: "{{ range(250) | list }}"}
    - {name: b, command: b}
    """
    done = Book(tmp_path).run(text, ["h1"])
    assert len(done.ran_on("h1")) == 251
    assert max(Counter(done.ran_on("h1")).values()) == 1
    assert [len(trip.lines) for trip in done.sent] == [200, 50, 1]


def test_a_trip_that_breaks_behind_its_last_answer_loses_nothing() -> None:
    tasks = [task("a", loop=Loop("loop", list(range(250))))]
    done = simulate([play(tasks)], ["h1"], end_lost=lambda trip: trip == 1)
    assert len(done.ran_on("h1")) == 250
    assert done.results("h1") == [("a", Status.CHANGED)]


def intents_and_ends(done: Simulation) -> tuple[Counter[tuple[str, str, str]], Counter[tuple[str, str, str]]]:
    """How often each step was announced, and how often it came to something. Loops end item by item."""
    intents: Counter[tuple[str, str, str]] = Counter()
    ends: Counter[tuple[str, str, str]] = Counter()
    for event in done.events:
        if isinstance(event, TaskResult) and event.final and event.task.startswith("l"):
            continue
        if isinstance(event, TaskIntent):
            intents[event.host, event.task_id, str(event.item)] += 1
        elif isinstance(event, TaskResult | IntentWithdrawn):
            ends[event.host, event.task_id, str(event.item)] += 1
    return intents, ends


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_every_intent_is_followed_by_a_result_or_is_void(data: st.DataObject) -> None:
    """Whatever fails, breaks or is refused, at whatever point, and whatever is ignored."""
    flags = st.fixed_dictionaries({"ignore_errors": st.booleans(), "ignore_unreachable": st.booleans()})

    def one(name: str) -> Node:
        loop = Loop("loop", [1, 2, 3]) if name.startswith("l") else None
        return task(name, loop=loop, directives=data.draw(flags))

    tasks: list[Node] = [one("a"), block("k", [one("l1"), one("c")], [one("r")], [one("l2")]), one("e")]
    fails = data.draw(st.sets(st.tuples(st.sampled_from(["h1", "h2"]), st.sampled_from(["a", "l1", "c", "r", "e"]))))
    faults = data.draw(st.dictionaries(st.tuples(st.integers(1, 6), st.integers(0, 5)), st.sampled_from("usr")))
    ends = {"u": unsent, "s": broken, "r": refused}

    def lose(trip: Trip, at: int) -> TripEnd | None:
        fault = faults.get((trip.id, at))
        if fault is None or (fault in "ur" and at > 0):
            return None
        return ends[fault](trip.id)

    done = simulate(
        [play(tasks)],
        ["h1", "h2"],
        lambda host, name, _i, _a: int((host, name) in fails),
        pick=lambda count: data.draw(st.integers(0, count - 1)),
        lose=lose,
        strategy=data.draw(st.sampled_from(["linear", "free", "host_pinned", "dag"])),
        forks=2,
    )
    intents, found = intents_and_ends(done)
    for key, count in intents.items():
        assert found[key] >= count, (key, count, found[key])
    for host in ("h1", "h2"):
        assert max(Counter(done.ran_on(host)).values(), default=0) <= 1, "something ran twice"


def test_intents_are_told_before_the_trip_that_carries_them() -> None:
    done = simulate([play([task("a"), task("b")])], ["h1", "h2"], strategy="free")
    for trip in done.sent:
        told_before = done.told_before[trip.id]
        assert sum(1 for event in told_before if isinstance(event, TaskIntent) and event.trip == trip.id) == len(
            trip.lines
        )
