"""Wherever a run is broken off, going on from its log comes to the end it would have come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import LogMismatch
from runner.execute.replay import Replay
from runner.journal.encode import line, record
from runner.journal.keep import Keeper
from runner.journal.past import past_of
from runner.journal.plain import same
from runner.journal.sealing import Sealing
from runner.model.event import Event, Kept, Record, ResumeStart, RunEnd, TaskResult
from runner.model.past import Past, Policy
from runner.model.playbook import Node, Task
from tests.execute.simulation import BrokenOff, Simulation, inventory, planned, play
from tests.execute.test_reference import HOSTS, plays
from tests.load.trees import load

TIMES = ("start", "end", "delta", "moment")
RESUMED = ResumeStart("0", (), 0)


def written(events: Sequence[Event], sealing: Sealing) -> list[Record]:
    """The records as they come back from a log's lines."""
    made = Keeper(sealing.seal).written(events, same)
    return [record(line(Record(number, "run", 0.0, event))) for number, event in enumerate(made)]


def past(events: Sequence[Event], sealing: Sealing, policy: Policy | None = Policy.RERUN) -> Past:
    """The past that a log holds."""
    return past_of("run", written(events, sealing), sealing.opened, policy)


def broken_off(simulation: Simulation, cut: int) -> tuple[list[Event], list[tuple[str, str, Any]]]:
    """What is in the log, and what has run, of a run that is killed after so many events."""
    simulation.cut = cut
    try:
        simulation.go()
    except BrokenOff:
        return simulation.log[:cut], simulation.ran
    return simulation.log, simulation.ran


def known(done: Simulation) -> dict[str, Any]:
    """What hosts know and how they fared at the end, but for the time of day."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: bare(part) for key, part in value.items() if key not in TIMES}
        return [bare(part) for part in value] if isinstance(value, list) else value

    return {
        host: (bare(own.live), own.failed, own.unreachable, own.recap())
        for host, own in sorted(done.run.state.hosts.items())
    }


def check_resumed(
    make: Callable[[Replay | None], Simulation], whole: Simulation, cuts: Sequence[int], sealing: Sealing, *, asks: bool
) -> None:
    """Break a run off again and again, go on each time, and compare with the one that nobody broke off. If it `asks`
    hosts that know what became of a step, nothing at all runs twice."""
    log: list[Event] = []
    ran: list[tuple[str, str, Any]] = []
    doubtful: Counter[tuple[str, str]] = Counter()
    kept: dict[tuple[int, int], tuple[int, str]] = {}
    for cut in cuts:
        replay = Replay(past(log, sealing)) if log else None
        next_one = make(replay)
        next_one.asks, next_one.kept = asks, kept
        new, more = broken_off(next_one, cut)
        log, ran = [*log, *([RESUMED] if log else []), *new], [*ran, *more]
        doubtful.update((host, known.name) for (_, host, _), known in past(log, sealing).open.items())
    done = make(Replay(past(log, sealing)))
    done.asks, done.kept = asks, kept
    done.go()
    assert known(done) == known(whole)
    both = Counter((host, task) for host, task, _ in [*ran, *done.ran])
    once = Counter((host, task) for host, task, _ in whole.ran)
    again = both - once
    assert not once - both, "something never ran"
    assert all(count <= (0 if asks else doubtful[step]) for step, count in again.items()), "something ran twice"


@pytest.mark.parametrize("strategy", ["linear", "free", "dag", "host_pinned"])
@settings(max_examples=25, deadline=None)
@given(
    plays(),
    st.lists(st.integers(1, 60), min_size=1, max_size=2),
    st.lists(st.integers(0, 7), min_size=1, max_size=30),
    st.data(),
)
def test_a_run_that_was_broken_off_anywhere_goes_on_as_if_it_had_not_been(
    strategy: str,
    made: tuple[list[Node], list[Task], list[Task]],
    cuts: list[int],
    turns: list[int],
    data: st.DataObject,
) -> None:
    nodes, tasks, handlers = made
    pairs = [(host, one.id) for host in HOSTS for one in [*tasks, *handlers]]
    failing = frozenset(data.draw(st.sets(st.sampled_from(pairs), max_size=5)))
    site = [play(nodes, handlers=tuple(handlers))]

    def make(replay: Replay | None) -> Simulation:
        taken = [0]

        def pick(count: int) -> int:
            taken[0] += 1
            return turns[taken[0] % len(turns)] % count if strategy != "dag" or not failing else 0

        done = planned(
            site, inventory(*HOSTS), lambda host, task, _i, _a: int((host, task) in failing), pick, strategy=strategy
        )
        done.run.world.replay = replay
        if replay is not None:
            done.run.world.trips_made = replay.past.trips
        return done

    if strategy == "dag" and failing:
        return  # beside a failure, what has run already depends on who answered first
    check_resumed(make, make(None).go(), cuts, Sealing(Path("/nonexistent")), asks=data.draw(st.booleans()))


SITE = """
- hosts: all
  serial: [1, 3]
  vars: {svc: web, words: [a, b, c]}
  tasks:
    - {name: one, command: one, register: one, notify: "restart {{ svc }}"}
    - {name: many, command: "many {{ item }}", loop: "{{ words }}", register: many, loop_control: {index_var: n}}
    - {set_fact: {total: "{{ many.results | length }}", moment: "{{ now() }}"}}
    - {set_fact: {list_: "{{ (list_ | default([])) + [item] }}"}, loop: [x, y]}
    - {name: tried, command: tried, register: tried, until: tried.rc == 0, retries: 4, delay: 1}
    - {name: some, include_tasks: "{{ it }}.yml", loop: [inner, other], loop_control: {loop_var: it}}
    - {name: hush, command: hush, no_log: true, register: hush}
    - {name: first, command: first, run_once: true, register: first}
    - block:
        - {name: breaks, command: breaks}
        - {name: never, command: never}
      rescue:
        - {name: rescues, command: rescues, register: rescued}
      always:
        - {name: always, command: always}
    - {meta: end_host, when: inventory_hostname == 'h3' and total | int == 3}
    - {add_host: {name: h9, groups: extra, who: "{{ inventory_hostname }}"}}
    - {group_by: {key: "g_{{ one.rc }}"}}
    - {name: forgiven, command: forgiven, ignore_errors: true, register: forgiven}
    - {meta: flush_handlers}
    - {name: last, command: "last {{ forgiven.rc }} {{ hush.stdout }}", notify: [again]}
  handlers:
    - {name: restart web, command: restart}
    - {name: again, command: again}
- hosts: g_0:extra
  gather_facts: false
  strategy: free
  order: shuffle
  tasks:
    - {name: second, command: "second {{ total | default(0) }} {{ ansible_os_family | default('-') }}", notify: late}
    - {include_vars: more.yml}
    - {name: third, command: "third {{ more }}"}
    - {name: ends, command: "ends {{ hostvars.h1.first.stdout }}"}
  handlers:
    - {name: late, command: late}
"""
FILES = {
    "inner.yml": "- {name: within, command: 'in {{ it }}', register: within}\n- {debug: {msg: 1}}\n",
    "other.yml": "- {name: within, command: 'others {{ it }}', when: within.rc == 0}\n",
    "more.yml": "more: '{{ svc | default(2) }}'\n",
}


def answer(host: str, name: str, _item: Any, attempt: int) -> int:
    """Some fail: a block's on two hosts, one that is forgiven, the first tries."""
    if name == "tried":
        return int(attempt < 3)
    return int((name == "breaks" and host != "h2") or name == "forgiven")


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_everything_that_a_run_remembers_is_as_it_was(tmp_path: Path, strategy: str) -> None:
    site, _ = load(tmp_path, {"site.yml": SITE, **FILES})
    sealing = Sealing(tmp_path / "key")

    def make(replay: Replay | None) -> Simulation:
        done = planned(site, inventory("h1", "h2", "h3", "h4"), answer, strategy=strategy)
        done.run.world.replay = replay
        if replay is not None:
            done.run.world.trips_made = replay.past.trips
        return done

    whole = make(None).go()
    assert len(whole.log) > 200
    for cut in range(7, len(whole.log), 43):
        check_resumed(make, whole, [cut], sealing, asks=cut % 2 == 0)
    check_resumed(make, whole, [40, 3, 90], sealing, asks=True)


def test_a_step_that_was_under_way_is_indeterminate_skipped_or_run_again(tmp_path: Path) -> None:
    tasks = "[{name: a, command: a}, {name: b, command: b, register: b, resume: skip}, {name: c, command: 'c {{ b }}'}]"
    site, _ = load(tmp_path, {"site.yml": f"- hosts: all\n  gather_facts: false\n  tasks: {tasks}\n"})
    sealing = Sealing(tmp_path / "key")

    def make(replay: Replay | None) -> Simulation:
        done = planned(site, inventory("h1"))
        done.run.world.replay = replay
        return done

    whole = make(None).go()
    at = next(n for n, event in enumerate(whole.log) if isinstance(event, TaskResult) and event.task == "b")
    log = whole.log[: at - 1]
    found = {}
    for policy in (None, *Policy):
        done = make(Replay(past(log, sealing, policy))).go()
        found[policy] = (done.ran_on("h1"), [str(status) for _, status in done.results("h1")], done.run.exit_code())
    assert found == {
        # What the task itself says counts where the command line says nothing.
        None: ([("c", None)], ["skipped", "changed"], 0),
        Policy.FAIL: ([], ["indeterminate"], 4),
        Policy.SKIP: ([("c", None)], ["skipped", "changed"], 0),
        Policy.RERUN: ([("b", None), ("c", None)], ["changed", "changed"], 0),
    }


def test_a_run_that_has_ended_with_a_step_that_may_have_run_is_taken_up_there(tmp_path: Path) -> None:
    """Unless another host has gone on where it would have waited for the one that was stopped."""
    loop = "{name: b, command: 'b {{ item }}', loop: [1, 2], register: b}"
    tasks = f"[{{name: a, command: a}}, {loop}, {{name: c, command: c}}]"
    site, _ = load(tmp_path, {"site.yml": f"- hosts: all\n  gather_facts: false\n  tasks: {tasks}\n"})
    sealing = Sealing(tmp_path / "key")

    def make(replay: Replay | None, *hosts: str) -> Simulation:
        done = planned(site, inventory(*hosts))
        done.run.world.replay = replay
        return done

    def ended(*hosts: str) -> list[Event]:
        """The log of a run that was broken off in the loop of its last host and has ended with that unknown."""
        whole = make(None, *hosts).go()
        ends = [n for n, event in enumerate(whole.log) if isinstance(event, TaskResult) and event.host == hosts[-1]]
        log = whole.log[: ends[1]]
        stopped = make(Replay(past(log, sealing, Policy.FAIL)), *hosts).go()
        assert [str(status) for task, status in stopped.results(hosts[-1]) if task == "b"] == ["indeterminate"]
        return [*log, RESUMED, *stopped.log, RunEnd("indeterminate", 6, {})]

    log = ended("h1")
    for policy, ran in {Policy.SKIP: ["c"], Policy.RERUN: ["b", "b", "c"]}.items():
        done = make(Replay(past(log, sealing, policy)), "h1").go()
        assert [task for task, _ in done.ran_on("h1")] == ran, policy
        assert done.run.exit_code() == 0
    with pytest.raises(LogMismatch, match="h1: c"):
        make(Replay(past(ended("h1", "h2"), sealing, Policy.SKIP)), "h1", "h2").go()


def test_a_log_that_does_not_fit_is_refused_before_anything_runs(tmp_path: Path) -> None:
    sealing = Sealing(tmp_path / "key")
    site, _ = load(
        tmp_path, {"site.yml": "- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: a, command: a}\n"}
    )
    log = planned(site, inventory("h1", "h2")).go().log
    other = planned(site, inventory("h1"))
    other.run.world.replay = Replay(past(log, sealing))
    with pytest.raises(LogMismatch, match="h2: a"):
        other.go()
    assert other.ran == []


def test_what_is_secret_is_kept_encrypted(tmp_path: Path) -> None:
    text = "- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: a, command: hush, no_log: true}\n"
    site, _ = load(tmp_path, {"site.yml": text})
    sealing = Sealing(tmp_path / "key")
    log = planned(site, inventory("h1"), lambda *_: (0, "the-secret")).go().log
    kept = [one.event for one in written(log, sealing) if isinstance(one.event, Kept)]
    assert kept and all(event.sealed and not event.exact for event in kept)
    assert "the-secret" not in str(written(log, sealing))
    (end,) = past(log, sealing).tasks
    assert end.steps[0].result["stdout"] == "the-secret"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
