"""Dry runs: whatever is unknown, and wherever it is read, no step raises; what may happen is told as such."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.model.call import Status
from runner.model.event import HandlerNotified, TaskResult
from runner.model.values import find_unknown
from tests.execute.simulation import Book, Simulation, said

# Every place where a value that nobody knows before the run may be read. `x` comes from a command that does not run;
# `check_mode: false` makes a step run for real, so that what is decided behind it is decided.
READERS = [
    "command: 'echo {{ x }}'",
    "{command: a, when: x == 1}",
    "{command: a, when: [x is defined, x | length > 3]}",
    "{command: '{{ item }}', loop: '{{ x }}'}",
    "{command: '{{ item }}', with_items: ['{{ x }}', 2]}",
    "{command: '{{ item.key }}', with_dict: '{{ x }}'}",
    "{command: a, loop: [1, 2], when: item == x}",
    "{command: a, check_mode: false, loop: [1, 2], loop_control: {pause: '{{ x }}', label: '{{ x }}'}}",
    "{command: a, check_mode: false, loop: [1, 2], loop_control: {break_when: x == 1}}",
    "{command: a, check_mode: false, changed_when: x == 1}",
    "{command: a, check_mode: false, failed_when: x == 1}",
    "{command: a, check_mode: false, until: x == 1, retries: 2, delay: 1}",
    "{command: a, check_mode: false, until: false, retries: '{{ x }}', delay: '{{ x }}', ignore_errors: true}",
    "{command: a, check_mode: false, notify: '{{ x }}'}",
    "{command: a, check_mode: false, notify: h}",
    "{command: a, notify: h}",
    "{command: a, become: '{{ x }}'}",
    "{command: a, become: true, become_user: '{{ x }}'}",
    "{command: a, remote_user: '{{ x }}'}",
    "{command: a, port: '{{ x }}'}",
    "{command: a, delegate_to: '{{ x }}'}",
    "{command: a, connection: '{{ x }}'}",
    "{command: a, environment: {A: '{{ x }}'}}",
    "{command: a, environment: '{{ x }}'}",
    "{command: a, check_mode: '{{ x }}'}",
    "{command: a, no_log: '{{ x }}'}",
    "{command: a, run_once: '{{ x }}'}",
    "{command: a, timeout: '{{ x }}'}",
    "{command: a, ignore_errors: '{{ x }}'}",
    "{command: a, check_mode: false, ignore_errors: '{{ x }}'}",
    "{command: a, any_errors_fatal: '{{ x }}'}",
    "{name: 'named {{ x }}', command: a}",
    "{command: '{{ y }}', vars: {y: '{{ x }}'}}",
    "{set_fact: {z: '{{ x }}'}, loop: [1, 2]}",
    "{set_fact: {z: 1}, when: x == 1}",
    "{set_fact: {z: 1}, loop: '{{ x }}'}",
    "{set_fact: {'{{ x }}': 1}}",
    "{include_tasks: '{{ x }}'}",
    "{include_tasks: t.yml, when: x == 1}",
    "{include_tasks: t.yml, loop: '{{ x }}'}",
    "{include_role: {name: '{{ x }}'}}",
    "{include_vars: '{{ x }}'}",
    "{pause: {seconds: '{{ x }}'}}",
    "{assert: {that: x == 1}}",
    "{fail: {msg: '{{ x }}'}, when: x == 1}",
    "{debug: {var: x}}",
    "{debug: {msg: '{{ x }}'}}",
    "{meta: end_play, when: x == 1}",
    "{meta: end_host, when: x == 1}",
    "{meta: flush_handlers, when: x == 1}",
    "{group_by: {key: '{{ x }}'}}",
    "{add_host: {name: '{{ x }}'}}",
    "{copy: {content: '{{ x }}', dest: /x}}",
    "{copy: {content: a, dest: '{{ x }}'}}",
    "{file: '{{ x }}'}",
    "{stat: {path: '{{ x }}'}}",
    "{block: [{command: a, when: x == 1}], rescue: [{command: b}], always: [{command: c, when: x == 2}]}",
    "{command: a, args: '{{ x }}'}",
    "{vars: {y: \"{{ lookup('vars', 'x') }}\"}, command: '{{ y }}'}",
    "{command: a, register: x}",
]

SOURCES = [
    "{command: a, register: r}\n    - {set_fact: {x: '{{ r.stdout }}'}}",
    "{command: a, register: x}",
    "{command: a, register: x, loop: [1, 2]}",
    "{command: a, register: r}\n    - {set_fact: {x: [1, '{{ r.rc }}']}}",
    "{command: a, register: r}\n    - {set_fact: {x: {a: '{{ r.stdout | default(3) }}'}}}",
]

PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - {source}
    - {readers}
    - {{name: last, debug: {{msg: end}}}}
  handlers:
    - {{name: h, command: h}}
"""
FILES = {"t.yml": "- {name: t, command: t}\n"}


def dry(folder: Path, source: str, *readers: str, strategy: str = "linear") -> Simulation:
    text = PLAY.format(source=source, readers="\n    - ".join(readers))
    return Book(folder).run(text, ["h1", "h2"], files=FILES, check=True, strategy=strategy)


@pytest.mark.parametrize("reader", READERS)
def test_whatever_reads_what_is_unknown_goes_on(tmp_path: Path, reader: str) -> None:
    for source in SOURCES:
        done = dry(tmp_path, source, reader)
        if "add_host" not in reader and "meta" not in reader:
            assert said(done, "h1")[-1:] == ["end"] or "failed" in [status for _, status in done.results("h1")], source
        for event in done.events:
            if isinstance(event, TaskResult):
                assert find_unknown(event.values) is None
                assert find_unknown(event.item) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(SOURCES),
    st.lists(st.sampled_from(READERS), min_size=2, max_size=6),
    st.sampled_from(["linear", "free", "host_pinned", "dag"]),
)
def test_a_dry_run_never_raises(tmp_path: Path, source: str, readers: list[str], strategy: str) -> None:
    dry(tmp_path, source, *readers, strategy=strategy)


def predictions(done: Simulation) -> dict[str, str | None]:
    return {event.task: event.prediction for event in done.events if isinstance(event, TaskResult) and event.final}


def test_a_handler_that_may_be_notified_may_run(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      tasks:
        - {name: a, command: a, notify: h1}
        - {name: b, command: b, notify: h2, changed_when: false}
        - {name: c, command: c, notify: h3, check_mode: false}
      handlers:
        - {name: h1, command: x}
        - {name: h2, command: x}
        - {name: h3, command: x}
    """
    done = Book(tmp_path).run(text, ["h1"], check=True)
    assert predictions(done) == {"a": "unknown", "b": "same", "c": None, "h1": "unknown", "h3": "unknown"}
    assert [event.handler for event in done.events if isinstance(event, HandlerNotified)] == ["h1", "h3"]
    recap = done.run.recap()["h1"]
    assert (recap.unknown, recap.changed, recap.failed) == (3, 1, 0)


def test_a_loop_is_unknown_if_one_of_its_items_is(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a, register: r}
    - {name: b, debug: {msg: x}, loop: [1, 2], when: item == 1 or r.rc == 0}
    - {name: c, debug: {msg: x}, loop: [1, 2], when: item == 1}
    """
    done = Book(tmp_path).run(text, ["h1"], check=True)
    assert predictions(done) == {"a": "unknown", "b": "unknown", "c": "same"}


def test_whether_it_changed_may_be_unknown_though_it_ran(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a, register: r}
    - {name: b, command: b, check_mode: false, register: s, changed_when: r.rc == 0}
    - {name: c, debug: {msg: "{{ s.rc }} {{ 'may' if s.changed is undefined else '-' }}"}}
    - {name: d, command: d, when: s is changed}
    """
    done = Book(tmp_path).run(text, ["h1"], check=True)
    assert predictions(done) == {"a": "unknown", "b": "unknown", "c": "same", "d": "unknown"}


def test_a_file_that_is_not_here_yet_is_no_failure(tmp_path: Path) -> None:
    built, packed = tmp_path / "built", tmp_path / "packed"
    text = f"""
    - {{name: too early, copy: {{src: {packed}, dest: /x}}, ignore_errors: true}}
    - {{name: build, copy: {{content: x, dest: {built}}}, delegate_to: localhost, run_once: true}}
    - {{name: send, copy: {{src: {built}, dest: /x}}}}
    - {{name: nobody makes it, copy: {{src: {packed}, dest: /x}}, ignore_errors: true}}
    - {{name: pack, command: tar, delegate_to: localhost, run_once: true}}
    - {{name: send packed, copy: {{src: {packed}, dest: /x}}}}
    """
    done = Book(tmp_path).run(text, ["h1", "h2"], check=True)
    found = [(event.task, event.prediction) for event in done.events if isinstance(event, TaskResult) and event.final]
    assert {task: prediction for task, prediction in found if task.startswith("send")} == {
        "send": "unknown",
        "send packed": "unknown",
    }
    failed = {event.task for event in done.events if isinstance(event, TaskResult) and event.status is Status.FAILED}
    assert failed == {"too early", "nobody makes it"}


def test_what_fails_as_things_are_may_not_fail_then(tmp_path: Path) -> None:
    """A package, an account, a command: what they bring along nobody can foresee, so what misses it is no failure."""
    text = """
    - {name: too early, file: {path: /missing}, ignore_errors: true}
    - {name: looks, command: uname, changed_when: false}
    - {name: still certain, file: {path: /missing}, ignore_errors: true}
    - {name: install, command: make install}
    - {name: theirs, file: {path: /missing, owner: nginx}}
    - {name: stop, fail: {msg: stop}, ignore_errors: true}
    """

    missing = ("too early", "still certain", "theirs")
    done = Book(tmp_path).run(text, ["h1"], lambda _host, task, *_: int(task in missing), check=True)
    told = {event.task: (event.status, event.prediction) for event in done.events if isinstance(event, TaskResult)}
    assert {task for task, (status, _) in told.items() if status is Status.FAILED} == {
        "too early",
        "still certain",
        "stop",
    }
    assert told["theirs"] == (Status.SKIPPED, "unknown")
    said = [event.msg for event in done.events if isinstance(event, TaskResult) and event.task == "theirs"]
    assert "'install' has not run" in said[0]
