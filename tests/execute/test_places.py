"""Where steps run: each item of a loop at its own host, as its own user, in its own environment."""

from __future__ import annotations

from pathlib import Path

from runner.model.event import TaskIntent, TaskResult
from tests.execute.simulation import Book, Simulation, said


def lines(done: Simulation) -> list[tuple[str, str | None, str]]:
    """Each line sent: its host, its user, and its text."""
    return [
        (trip.target.host, trip.become.user if trip.become else None, line.fragment.apply)
        for trip in done.sent
        for line in trip.lines
    ]


def test_items_of_a_delegated_loop_go_to_their_own_hosts(tmp_path: Path) -> None:
    text = """
    - {name: a, command: "echo {{ item }}", delegate_to: "{{ item }}", loop: [h1, h2, h2, h1]}
    - {name: b, command: b}
    """
    done = Book(tmp_path).run(text, ["h1"])
    sent = [(host, text) for host, _, text in lines(done)]
    assert [host for host, _ in sent] == ["h1", "h2", "h2", "h1", "h1"]
    assert all(host in text for host, text in sent[:4])
    assert [len(trip.lines) for trip in done.sent] == [1, 2, 1, 1]
    intents = [event.delegate for event in done.events if isinstance(event, TaskIntent)]
    assert intents == ["h1", "h2", "h2", "h1", None]
    results = [event for event in done.events if isinstance(event, TaskResult) and not event.final]
    assert [event.delegate for event in results] == ["h1", "h2", "h2", "h1"]


def test_items_run_as_their_own_users_in_their_own_environment(tmp_path: Path) -> None:
    text = """
    - name: a
      command: whoami
      become: true
      become_user: "{{ item }}"
      environment: {WHO: "{{ item }}"}
      loop: [one, two]
    """
    done = Book(tmp_path).run(text, ["h1"])
    assert [trip.become.user if trip.become else None for trip in done.sent] == ["one", "two"]
    assert [line.environment for trip in done.sent for line in trip.lines] == [{"WHO": "one"}, {"WHO": "two"}]


def test_the_environment_of_an_item_is_its_own_within_one_trip(tmp_path: Path) -> None:
    text = """
    - {name: a, command: env, environment: {WHO: "{{ item }}"}, loop: [one, two]}
    """
    done = Book(tmp_path).run(text, ["h1"])
    assert [[line.environment["WHO"] for line in trip.lines] for trip in done.sent] == [["one", "two"]]


def test_a_delegate_has_its_own_become_variables(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a, delegate_to: h2, become: true}
    - {name: b, command: b, delegate_to: h2, remote_user: "{{ who }}"}
    """
    own = {
        "h1": {"ansible_become_user": "one", "who": "first", "ansible_host": "10.0.0.1"},
        "h2": {"ansible_become_user": "two", "who": "second", "ansible_host": "10.0.0.2"},
    }
    done = Book(tmp_path).run(text, ["h1", "h2"], host_vars=own)
    assert [trip.target.address for trip in done.sent] == ["10.0.0.2"] * 4
    assert [trip.become.user for trip in done.sent if trip.become] == ["two", "two"]
    assert [trip.target.user for trip in done.sent if not trip.become] == ["first", "second"]


def test_facts_are_the_delegates_only_if_asked_for(tmp_path: Path) -> None:
    text = """
    - hosts: h1
      gather_facts: false
      tasks:
        - {name: a, set_fact: {x: "of {{ inventory_hostname }}"}, delegate_to: h2, delegate_facts: true}
        - {name: b, set_fact: {y: mine}, delegate_to: h2}
        - debug: {msg: "{{ x | default('-') }} {{ y }} {{ hostvars.h2.x }} {{ hostvars.h2.y | default('-') }}"}
    """
    done = Book(tmp_path).run(text, ["h1", "h2"])
    assert said(done, "h1") == ["- mine of h1 -"]


def test_a_delegated_step_is_followed_by_its_hosts_own(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      strategy: free
      tasks:
        - {name: a, command: a}
        - {name: b, command: b, delegate_to: h2}
        - {name: c, command: c}
    """
    done = Book(tmp_path).run(text, ["h1"])
    assert [(trip.target.host, len(trip.lines)) for trip in done.sent] == [("h1", 1), ("h2", 1), ("h1", 1)]
