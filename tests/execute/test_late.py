"""What is decided when a step has answered: conditions see what was on its way, numbers are checked, facts gathered."""

from __future__ import annotations

from pathlib import Path

from runner.model.call import Status
from tests.execute.simulation import Book


def test_conditions_see_registers_that_were_on_their_way_when_the_step_left(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a, register: ra}
    - {name: b, command: b, register: rb, changed_when: ra.rc != 0, failed_when: ra.rc != 0}
    - {name: c, command: c, until: rb.rc == ra.rc, retries: 1}
    """
    done = Book(tmp_path).run(text, ["h1"])
    assert done.results("h1") == [("a", Status.CHANGED), ("b", Status.OK), ("c", Status.CHANGED)]


def test_items_see_registers_that_were_on_their_way_when_the_first_item_left(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a, register: ra}
    - name: b
      command: "echo {{ ra.rc if item == 2 else '-' }}"
      loop: [1, 2]
      loop_control: {pause: 3}
    """
    done = Book(tmp_path).run(text, ["h1"])
    assert done.results("h1")[-1] == ("b", Status.CHANGED)
    assert "0" in done.sent[-1].lines[0].fragment.apply
    assert done.now >= 1003


def test_a_pause_that_is_no_number_fails_the_loop(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a, loop: [1, 2], loop_control: {pause: "{{ nope }}"}}
    """
    assert Book(tmp_path).run(text, ["h1"]).results("h1") == [("a", Status.FAILED)]


def test_no_condition_mends_arguments_that_cannot_be_rendered(tmp_path: Path) -> None:
    text = """
    - {name: a, command: "{{ nope }}", failed_when: false}
    """
    assert Book(tmp_path).run(text, ["h1"]).results("h1") == [("a", Status.FAILED)]
    text = """
    - {name: a, command: "{{ nope }}", ignore_errors: true, register: r}
    - {name: b, command: b, when: r is failed}
    """
    assert Book(tmp_path).run(text, ["h1"]).results("h1") == [("a", Status.FAILED), ("b", Status.CHANGED)]


def test_attempts_are_those_of_ansible(tmp_path: Path) -> None:
    """Three retries unless written otherwise; with none, `until` is not asked; the count is there for conditions."""
    for written, runs, status in (("", 4, "failed"), ("retries: 0,", 1, "changed"), ("retries: 2,", 3, "failed")):
        text = f"""
        - {{name: a, command: a, until: false, {written} delay: 1}}
        """
        done = Book(tmp_path).run(text, ["h1"])
        assert len(done.ran) == runs
        assert done.results("h1") == [("a", Status(status))]
    text = """
    - {name: a, command: a, register: r, until: r.rc == 0, delay: 1, changed_when: r.attempts == 2}
    """
    done = Book(tmp_path).run(text, ["h1"], lambda _h, _t, _i, attempt: int(attempt < 2))
    assert done.results("h1") == [("a", Status.CHANGED)]
