"""Failures that are fatal for others, batches, the ends of plays, and hosts that come back."""

from __future__ import annotations

from pathlib import Path

from runner.model.call import Trip, TripEnd
from runner.model.event import PlayStart
from tests.execute.simulation import Book
from tests.execute.test_once import failing


def test_any_errors_fatal_fails_every_host_where_it_happened(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      any_errors_fatal: true
      tasks:
        - {name: a, command: a}
        - block:
            - {name: b, command: b}
            - {name: c, command: c}
          always:
            - {name: l, command: l}
        - {name: d, command: d}
    - hosts: all
      gather_facts: false
      tasks:
        - {name: next, command: next}
    """
    done = Book(tmp_path).run(text, answer=failing(("h1", "b")))
    assert [name for name, _ in done.ran_on("h1")] == ["a", "b", "l"]
    assert [name for name, _ in done.ran_on("h2")] == ["a", "b", "l"]
    assert done.run.exit_code() == 2


def test_any_errors_fatal_is_rescued_on_all_hosts(tmp_path: Path) -> None:
    text = """
    - block:
        - {name: b, command: b, any_errors_fatal: true}
        - {name: c, command: c}
      rescue:
        - {name: r, command: r}
    - {name: d, command: d}
    """
    done = Book(tmp_path).run(text, answer=failing(("h1", "b")))
    for host in ("h1", "h2"):
        assert [name for name, _ in done.ran_on(host)] == ["b", "r", "d"]
    assert done.run.exit_code() == 0


def test_a_host_that_is_lost_is_fatal_as_well(tmp_path: Path) -> None:
    def lose(trip: Trip, _at: int) -> TripEnd | None:
        return TripEnd(trip.id, "gone", sent=False) if trip.target.host == "h1" else None

    text = """
    - {name: a, command: a, any_errors_fatal: true}
    - {name: b, file: {path: /b, state: directory}}
    """
    done = Book(tmp_path).run(text, lose=lose)
    assert [name for name, _ in done.ran_on("h2")] == ["a"]
    assert done.run.exit_code() == 4


def test_max_fail_percentage_may_be_a_template_and_counts_what_nothing_rescues(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      max_fail_percentage: "{{ limit }}"
      vars: {limit: %d}
      tasks:
        - block:
            - {name: a, command: a}
          rescue:
            - {name: r, command: r}
        - {name: b, command: b}
        - {name: c, command: c}
    """
    hosts = ["h1", "h2", "h3", "h4"]
    answer = failing(("h1", "a"), ("h2", "a"), ("h3", "b"))
    tolerant = Book(tmp_path).run(text % 25, hosts, answer)
    assert sorted(host for host, name, _ in tolerant.ran if name == "c") == ["h1", "h2", "h4"]
    strict = Book(tmp_path).run(text % 24, hosts, answer)
    assert [host for host, name, _ in strict.ran if name == "c"] == []


def test_a_batch_that_fails_wholly_ends_the_run_and_one_that_fails_in_part_does_not(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      serial: 2
      tasks:
        - {name: a, command: a}
    """
    hosts = ["h1", "h2", "h3"]
    part = Book(tmp_path).run(text, hosts, failing(("h1", "a")))
    assert [host for host, _, _ in part.ran] == hosts
    starts = [(event.hosts, event.batch, event.batches) for event in part.events if isinstance(event, PlayStart)]
    assert starts == [(("h1", "h2"), 0, 2), (("h3",), 1, 2)]
    whole = Book(tmp_path).run(text, hosts, failing(("h1", "a"), ("h2", "a")))
    assert [host for host, _, _ in whole.ran] == ["h1", "h2"]


def test_end_batch_ends_one_batch_and_end_play_all(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      serial: 1
      tasks:
        - {name: a, command: a, notify: h}
        - meta: %s
        - {name: b, command: b}
      handlers:
        - {name: h, command: h}
    - hosts: all
      gather_facts: false
      tasks:
        - {name: next, command: next}
    """
    batch = Book(tmp_path).run(text % "end_batch")
    assert [(host, name) for host, name, _ in batch.ran] == [("h1", "a"), ("h2", "a"), ("h1", "next"), ("h2", "next")]
    play = Book(tmp_path).run(text % "end_play")
    assert [(host, name) for host, name, _ in play.ran] == [("h1", "a"), ("h1", "next"), ("h2", "next")]
    assert play.run.exit_code() == 0


def test_hosts_whose_errors_are_cleared_are_back_in_the_next_play(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      tasks:
        - {name: a, command: a}
        - {name: b, command: b}
        - meta: clear_host_errors
        - {name: c, command: c}
    - hosts: all
      gather_facts: false
      tasks:
        - {name: next, command: next}
    """
    done = Book(tmp_path).run(text, answer=failing(("h1", "a")))
    assert [name for name, _ in done.ran_on("h1")] == ["a", "next"]
    assert [name for name, _ in done.ran_on("h2")] == ["a", "b", "c", "next"]
