"""Dynamic includes: files of each host's own, in loops, nested, empty, missing, of roles; tags; what they register."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.model.call import Status
from runner.model.event import TaskResult
from tests.execute.simulation import Book, said

STRATEGIES = ["linear", "free", "host_pinned", "dag"]


def first(_count: int) -> int:
    return 0


def last(count: int) -> int:
    return count - 1


def echo(name: str) -> str:
    return f"- {{name: '{name}', command: x}}\n"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_host_runs_its_own_file_and_then_goes_on(tmp_path: Path, strategy: str) -> None:
    text = """
    - include_tasks: "{{ inventory_hostname }}.yml"
    - {name: z, command: z}
    """
    files = {f"h{n}.yml": echo(f"only {n}") + echo(f"also {n}") for n in (1, 2, 3)}
    done = Book(tmp_path).run(text, ["h1", "h2", "h3"], files=files, strategy=strategy, pick=lambda count: count - 1)
    for n in (1, 2, 3):
        ran = [name for name, _ in done.ran_on(f"h{n}")]
        # In `dag` what one file brings has no order of its own.
        assert (sorted(ran[:2], reverse=True) if strategy == "dag" else ran[:2]) == [f"only {n}", f"also {n}"]
        assert ran[2:] == ["z"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_loops_bring_their_files_in_the_order_of_the_items(tmp_path: Path, strategy: str) -> None:
    text = """
    - include_tasks: "{{ item }}.yml"
      loop: "{{ mine }}"
    - {name: z, command: z}
    """
    own = {"h1": {"mine": ["a", "b"]}, "h2": {"mine": ["b", "a", "b"]}}
    files = {"a.yml": echo("a {{ item }}"), "b.yml": echo("b {{ item }}") + echo("bb")}
    done = Book(tmp_path).run(text, files=files, host_vars=own, strategy=strategy)
    assert [name for name, _ in done.ran_on("h1")] == ["a a", "b b", "bb", "z"]
    assert sorted(name for name, _ in done.ran_on("h2")) == ["a a", "b b", "b b", "bb", "bb", "z"]
    assert done.ran_on("h2")[-1] == ("z", None)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nested_includes_in_loops_over_one_file(tmp_path: Path, strategy: str) -> None:
    text = """
    - include_tasks: outer.yml
      loop: [1, 2]
      loop_control: {loop_var: o}
    - {name: z, command: z}
    """
    inner = "- include_tasks: inner.yml\n  loop: [a, b]\n"
    files = {"outer.yml": echo("in {{ o }}") + inner + echo("out {{ o }}"), "inner.yml": echo("{{ o }}{{ item }}")}
    done = Book(tmp_path).run(text, ["h1", "h2"], files=files, strategy=strategy)
    order = ["in 1", "1a", "1b", "out 1", "in 2", "2a", "2b", "out 2", "z"]
    assert [name for name, _ in done.ran_on("h1")] == order
    assert [name for name, _ in done.ran_on("h2")] == order


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_equal_items_are_included_each_on_their_own(tmp_path: Path, strategy: str) -> None:
    done = Book(tmp_path).run(
        "- {include_tasks: t.yml, loop: [1, 1]}\n- {name: z, command: z}", files={"t.yml": echo("t")}, strategy=strategy
    )
    assert [name for name, _ in done.ran_on("h1")] == ["t", "t", "z"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_file_that_brings_nothing_is_passed(tmp_path: Path, strategy: str) -> None:
    text = """
    - include_tasks: "{{ item }}.yml"
      loop: [none, t, none]
    - {name: z, command: z}
    """
    files = {"none.yml": "[]\n", "t.yml": echo("t")}
    done = Book(tmp_path).run(text, files=files, strategy=strategy)
    assert [name for name, _ in done.ran_on("h1")] == ["t", "z"]
    assert [name for name, _ in done.ran_on("h2")] == ["t", "z"]


def test_a_missing_file_fails_its_host_alone_and_may_be_rescued(tmp_path: Path) -> None:
    text = """
    - block:
        - include_tasks: "{{ inventory_hostname }}.yml"
      rescue:
        - {name: r, command: r}
    - {name: z, command: z}
    """
    done = Book(tmp_path).run(text, files={"h2.yml": echo("t")})
    assert [name for name, _ in done.ran_on("h1")] == ["r", "z"]
    assert [name for name, _ in done.ran_on("h2")] == ["t", "z"]
    failure = next(event for event in done.events if isinstance(event, TaskResult) and event.status == "failed")
    assert "h1.yml" in failure.msg


def test_blocks_of_an_included_file_handle_their_failures(tmp_path: Path) -> None:
    inside = """
    - block:
        - {name: b, command: b}
      rescue:
        - {name: r, command: "echo {{ ansible_failed_task.name }}"}
      always:
        - {name: l, command: l}
    """
    done = Book(tmp_path).run(
        "- include_tasks: t.yml\n- {name: z, command: z}",
        ["h1"],
        lambda _h, name, _i, _a: int(name == "b"),
        files={"t.yml": inside},
    )
    assert [name for name, _ in done.ran_on("h1")] == ["b", "r", "l", "z"]
    assert done.run.exit_code() == 0


def test_what_an_include_registers_and_what_a_skipped_one_does(tmp_path: Path) -> None:
    text = """
    - {include_tasks: t.yml, register: r}
    - {include_tasks: t.yml, register: s, when: false}
    - {include_tasks: t.yml, register: l, loop: "{{ nope }}", when: nope is defined}
    - {debug: {msg: "{{ r is skipped }} {{ s is skipped }} {{ l is skipped }}"}}
    """
    done = Book(tmp_path).run(text, ["h1"], files={"t.yml": echo("t")})
    assert said(done, "h1") == ["False True True"]
    assert len(done.ran) == 1


def test_facts_are_gathered_when_the_name_of_the_file_reads_them(tmp_path: Path) -> None:
    text = """
    - hosts: all
      vars: {which: "{{ ansible_os_family | default('other') }}"}
      tasks:
        - include_tasks: "{{ which | default('x') }}.yml"
    """
    done = Book(tmp_path).run(text, ["h1"], files={"other.yml": echo("t"), ".yml": echo("t")})
    assert [name for name, _ in done.ran_on("h1")] == ["Gathering Facts", "t"]


def test_facts_are_gathered_once_when_only_an_included_file_reads_them(tmp_path: Path) -> None:
    text = """
    - hosts: all
      tasks:
        - {name: a, command: a}
        - include_tasks: t.yml
    """
    inside = """
    - {name: b, command: b, register: r, changed_when: "ansible_os_family is defined"}
    - {name: c, command: "echo {{ ansible_os_family | default('-') }}", loop: [1, 2], loop_control: {pause: 1}}
    """
    done = Book(tmp_path).run(text, ["h1"], files={"t.yml": inside})
    assert [name for name, _ in done.ran_on("h1")] == ["a", "b", "Gathering Facts", "c", "c"]
    assert done.results("h1")[-2:] == [("b", Status.CHANGED), ("c", Status.CHANGED)]


@pytest.mark.parametrize(
    ("tags", "left"),
    [(("all",), "x y z"), (("i",), ""), (("x",), "x y"), (("y",), "y"), (("always",), "")],
)
def test_tags_choose_among_included_tasks_with_what_apply_adds(
    tmp_path: Path, tags: tuple[str, ...], left: str
) -> None:
    text = """
    - include_tasks: {file: t.yml, apply: {tags: [x]}}
      tags: [i, x, y]
    - {name: z, command: z}
    """
    files = {"t.yml": echo("x") + "- {name: y, command: y, tags: [y]}\n"}
    done = Book(tmp_path).run(text, ["h1"], files=files, tags=tags)
    assert " ".join(name for name, _ in done.ran_on("h1")) == left


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_handlers_of_an_included_role_run_for_whoever_notifies_them(tmp_path: Path, strategy: str) -> None:
    text = """
    - hosts: all
      gather_facts: false
      tasks:
        - {include_role: {name: r}, when: inventory_hostname != 'h1'}
        - {name: t, command: t, notify: own}
      post_tasks:
        - {name: p, command: p}
      handlers:
        - {name: own, command: own}
    """
    files = {
        "roles/r/tasks/main.yml": "- {name: x, command: x, notify: of role}\n",
        "roles/r/handlers/main.yml": "- {name: of role, command: h}\n",
    }
    for pick in (first, last):
        done = Book(tmp_path).run(text, ["h1", "h2", "h3"], files=files, strategy=strategy, pick=pick)
        assert [name for name, _ in done.ran_on("h1")] == ["t", "own", "p"]
        assert [name for name, _ in done.ran_on("h2")] == ["x", "t", "own", "of role", "p"]


def test_an_include_that_is_a_handler_is_done_once_for_its_notification(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      tasks:
        - {name: a, command: a, notify: inc}
        - meta: flush_handlers
        - {name: b, command: b}
      handlers:
        - {name: inc, include_tasks: t.yml}
    """
    done = Book(tmp_path).run(text, ["h1"], files={"t.yml": echo("t")})
    assert [name for name, _ in done.ran_on("h1")] == ["a", "t", "b"]


def test_an_include_that_runs_once_brings_its_tasks_to_one_host(tmp_path: Path) -> None:
    text = """
    - {include_tasks: t.yml, run_once: true}
    - {name: z, command: z}
    """
    done = Book(tmp_path).run(text, files={"t.yml": echo("t")})
    assert [name for name, _ in done.ran_on("h1")] == ["t", "z"]
    assert [name for name, _ in done.ran_on("h2")] == ["z"]


def test_secret_items_of_an_include_stay_secret(tmp_path: Path) -> None:
    done = Book(tmp_path).run(
        "- {include_tasks: t.yml, loop: [hush], no_log: true}", ["h1"], files={"t.yml": "- debug: {msg: x}\n"}
    )
    assert not any("hush" in repr(event) for event in done.events)
