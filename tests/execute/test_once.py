"""Tasks that run once: who acts, who waits, what the others learn, and what becomes of them when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.model.call import Status
from runner.model.event import Notice
from tests.execute.simulation import Answer, Book, said


def failing(*which: tuple[str, str]) -> Answer:
    return lambda host, task, _item, _attempt: int((host, task) in which)


@pytest.mark.parametrize("strategy", ["linear", "free", "host_pinned", "dag"])
def test_nobody_waits_for_a_host_that_has_failed(tmp_path: Path, strategy: str) -> None:
    text = f"""
    - hosts: all
      gather_facts: false
      strategy: {strategy}
      tasks:
        - {{name: a, command: a}}
        - {{name: o, command: o, run_once: true, needs: [a]}}
        - {{name: z, command: z, needs: [o]}}
    """
    done = Book(tmp_path).run(text, ["h1", "h2", "h3"], failing(("h1", "a")), pick=lambda count: count - 1)
    assert done.results("h1") == [("a", Status.FAILED)]
    assert [name for name, _ in done.ran_on("h2")] == ["a", "o", "z"]
    alike = strategy in ("free", "host_pinned")  # where nobody waits, nobody acts for the others
    assert [name for name, _ in done.ran_on("h3")] == (["a", "o", "z"] if alike else ["a", "z"])
    warned = [event for event in done.events if isinstance(event, Notice) and "run_once" in event.message]
    assert len(warned) == alike


def test_written_as_a_template_the_first_host_decides(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a, run_once: "{{ once }}", vars: {once: true}}
    - {name: b, command: b, run_once: "{{ once }}", vars: {once: false}}
    - {name: c, command: c, run_once: "{{ inventory_hostname == 'h1' }}"}
    - {name: d, command: d, run_once: "{{ nope }}", ignore_errors: true}
    """
    done = Book(tmp_path).run(text)
    assert sorted((task, host) for host, task, _ in done.ran) == [("a", "h1"), ("b", "h1"), ("b", "h2"), ("c", "h1")]
    assert done.results("h2")[-1] == ("d", Status.FAILED)


def test_the_others_learn_registers_variables_and_loops(tmp_path: Path) -> None:
    text = """
    - {command: "x", register: r, run_once: true, loop: [1, 2]}
    - {set_fact: {"{{ 'k' ~ 1 }}": "of {{ inventory_hostname }}"}, run_once: true}
    - {debug: {msg: "{{ r.results | map(attribute='item') | list }} {{ k1 }}"}}
    """
    done = Book(tmp_path).run(text)
    assert said(done, "h2") == ["[1, 2] of h1"]
    assert len(done.ran) == 2


def test_a_failure_is_everybodys_and_everybody_may_rescue_it(tmp_path: Path) -> None:
    text = """
    - block:
        - {name: o, command: o, run_once: true}
        - {name: b, command: b}
      rescue:
        - {name: r, command: r}
    - {name: z, command: z}
    """
    done = Book(tmp_path).run(text, answer=failing(("h1", "o")))
    assert [name for name, _ in done.ran_on("h1")] == ["o", "r", "z"]
    assert [name for name, _ in done.ran_on("h2")] == ["r", "z"]
    assert done.run.exit_code() == 0
    ignored = Book(tmp_path).run(
        "- {name: o, command: o, run_once: true, ignore_errors: true}\n- {name: z, command: z}",
        answer=failing(("h1", "o")),
    )
    assert sorted((task, host) for host, task, _ in ignored.ran) == [("o", "h1"), ("z", "h1"), ("z", "h2")]


def test_linear_asks_the_first_host_whether_the_play_ends(tmp_path: Path) -> None:
    text = """
    - {meta: end_play, when: inventory_hostname == 'h2'}
    - {name: a, command: a}
    - {meta: end_play, when: inventory_hostname == 'h1'}
    - {name: b, command: b}
    """
    done = Book(tmp_path).run(text)
    assert sorted((task, host) for host, task, _ in done.ran) == [("a", "h1"), ("a", "h2")]


def test_free_asks_every_host(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      strategy: free
      tasks:
        - {meta: end_host, when: inventory_hostname == 'h2'}
        - {name: a, command: a}
        - {meta: end_batch, when: inventory_hostname == 'h3'}
        - {name: b, command: b}
    """
    done = Book(tmp_path).run(text, ["h1", "h2", "h3"], pick=lambda count: count - 1)
    assert [name for name, _ in done.ran_on("h2")] == []
    assert [name for name, _ in done.ran_on("h3")] == ["a"]
