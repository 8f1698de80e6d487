"""`async`: how a job is begun and looked after from here, in time that a test can see through."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.model.call import Status, Trip, TripEnd
from tests.execute.simulation import Book, Simulation, said


def looks(done: Simulation, host: str, task: str) -> int:
    """How many trips a task took: one to begin its job, the others to look after it and to remove it."""
    return [where for where, name, _ in done.ran if name == task].count(host)


POLLED = "- {name: p, command: x, async: 30, poll: 10}\n- {name: z, command: z}"


def test_a_job_that_never_ends_is_given_up(tmp_path: Path) -> None:
    done = Book(tmp_path).run(POLLED, ["h1"])
    assert done.results("h1") == [("p", Status.FAILED)]
    # Soon at first (0.5, 1, 2, 4, 8 s), then as seldom as `poll` says.
    assert 8 <= looks(done, "h1", "p") <= 14
    assert done.now - 1000 < 30 + 10 + 30 + 15


def test_nobody_else_waits_while_a_job_is_looked_after(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      strategy: free
      tasks:
        - {name: p, command: x, async: 30, poll: 10, when: inventory_hostname == 'h1'}
        - {name: z, command: z}
    """
    done = Book(tmp_path).run(text, ["h1", "h2"])
    assert done.results("h2")[-1] == ("z", Status.CHANGED)
    at = [host for host, _, _ in done.ran].index("h2")
    assert at < 3


def test_fire_and_forget_does_not_wait_and_goes_with_what_follows(tmp_path: Path) -> None:
    text = """
    - {name: f, command: x, async: 30, poll: 0, register: r}
    - {name: z, command: z}
    - {debug: {msg: "{{ r.started }} {{ r.finished }} {{ r.ansible_job_id | length }}"}}
    """
    done = Book(tmp_path).run(text, ["h1"])
    assert [name for name, _ in done.ran_on("h1")] == ["f", "z"]
    assert len(done.sent) == 1
    assert said(done, "h1") == ["True False 33"]


@pytest.mark.parametrize("sent", [True, False])
def test_a_job_survives_its_connection(tmp_path: Path, sent: bool) -> None:
    def lose(trip: Trip, _at: int) -> TripEnd | None:
        return TripEnd(trip.id, "connection reset", sent=sent) if trip.id in (2, 3) else None

    done = Book(tmp_path).run(POLLED, ["h1"], lose=lose)
    assert looks(done, "h1", "p") > 4
    assert done.results("h1") == [("p", Status.FAILED)]
    assert "h1" in done.run.recap() and done.run.recap()["h1"].unreachable == 0


def test_a_dry_run_begins_no_job(tmp_path: Path) -> None:
    text = """
    - {name: f, file: {path: /x, state: directory}, async: 30, poll: 0, register: r}
    - {name: p, file: {path: /y, state: directory}, async: 30, poll: 5}
    - {name: s, async_status: {jid: "{{ r.ansible_job_id }}"}}
    """
    done = Book(tmp_path).run(text, ["h1"], check=True)
    assert [name for name, _ in done.ran_on("h1")] == ["p"]
    assert not any("setsid" in line.fragment.apply for trip in done.sent for line in trip.lines)
