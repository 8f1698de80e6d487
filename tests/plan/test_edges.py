"""The edges of each strategy, as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plan.graphs import edges, mistakes, names, plan


def dag(folder: Path, text: str, **more: object) -> list[str]:
    return edges(plan(folder, text, strategy="dag", **more), handlers=True)


def test_linear_puts_gates_only_in_front_of_what_observes(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a}
    - {name: b, copy: {content: x, dest: /b}}
    - {name: c, file: {path: /c, state: absent}}
    - {name: d, command: d}
    - {name: e, copy: {content: "{{ hostvars['h1'].x }}", dest: /e}}
    - {name: f, copy: {content: x, dest: /f}}
    - {name: g, copy: {content: x, dest: /g}, delegate_to: h2}
    - {name: h, debug: {msg: "{{ ansible_play_hosts }}"}}
    """
    assert edges(plan(tmp_path, text)) == [
        "a -> b (order)",
        "b -> c (order)",
        "c -> d (gate, all)",
        "d -> e (gate, all)",
        "e -> f (gate, all)",
        "f -> g (gate, all)",
        "g -> h (gate, all)",
    ]


def test_linear_is_in_lockstep_where_one_failure_ends_all(tmp_path: Path) -> None:
    for keyword in ("any_errors_fatal: true", "max_fail_percentage: 10"):
        text = f"""
        - hosts: all
          gather_facts: false
          {keyword}
          tasks:
            - {{name: a, file: {{path: /a}}}}
            - {{name: b, file: {{path: /b}}}}
        """
        assert edges(plan(tmp_path, text)) == ["a -> b (gate, all)"]


@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
def test_free_has_no_gates(tmp_path: Path, strategy: str) -> None:
    text = """
    - {name: a, command: a}
    - {name: b, command: b, run_once: true}
    """
    assert edges(plan(tmp_path, text, strategy=strategy)) == ["a -> b (order)"]


def test_dag_keeps_what_registers_and_variables_say(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a, register: r}
    - {name: b, command: b}
    - {name: c, command: "echo {{ through }}"}
    - {name: d, set_fact: {x: "{{ 1 }}"}}
    - {name: e, command: e, when: x == 1}
    - {name: f, debug: {var: r.stdout}}
    - {name: g, assert: {that: ["x == r"]}}
    - {name: h, command: h, register: r}
    """
    assert dag(tmp_path, text, group_vars={"through": _template("{{ other }}"), "other": _template("{{ r }}")}) == [
        "a -> c (data: r)",
        "a -> f (data: r)",
        "a -> g (data: r)",
        "a -> h (data: r)",
        "c -> h (data: read before it is set again)",
        "d -> e (data: x)",
        "d -> g (data: x)",
        "f -> h (data: read before it is set again)",
        "g -> h (data: read before it is set again)",
    ]


def _template(text: str) -> object:
    from runner.model.values import Template

    return Template(text)


def test_dag_knows_nothing_of_what_the_files_of_templates_read(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a, register: r}
    - {name: b, template: {src: b.j2, dest: /b}}
    - {name: c, command: c}
    """
    assert dag(tmp_path, text) == ["a -> b (data: r)"]


def test_dag_waits_for_all_hosts_where_a_task_looks_at_them(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a, register: r}
    - {name: b, command: "echo {{ hostvars.h2.r.stdout }}"}
    """
    assert dag(tmp_path, text) == ["a -> b (data: hostvars, all)"]


def test_dag_keeps_facts_groups_and_included_variables_in_front_of_their_readers(tmp_path: Path) -> None:
    text = """
    - {name: a, setup: {}}
    - {name: b, command: "echo {{ ansible_os_family }}"}
    - {name: c, command: c}
    - {name: d, group_by: {key: "{{ k }}"}}
    """
    found = dag(tmp_path, text)
    assert "a -> b (data: ansible_facts)" in found
    assert "c -> d (data: read before it is set again)" in found
    assert not any(edge.startswith("a -> c") for edge in found)


def test_dag_brings_handlers_behind_who_notifies(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      tasks:
        - {name: a, command: a, notify: two}
        - {name: b, command: b}
      handlers:
        - {name: one, command: one}
        - {name: two, command: two}
    """
    found = dag(tmp_path, text)
    assert "a -> [one] (handler)" in found
    assert "a -> [two] (handler)" in found
    assert "[one] -> [two] (handler order)" in found


def test_dag_keeps_the_order_of_tasks_that_meet_at_a_path(tmp_path: Path) -> None:
    text = """
    - {name: a, file: {path: /srv/app, state: directory}}
    - {name: b, copy: {content: x, dest: /srv/app/conf}}
    - {name: c, copy: {content: x, dest: /srv/apple}}
    - {name: d, stat: {path: /etc/x}}
    - {name: e, file: {path: /etc/x, state: absent}}
    - {name: f, stat: {path: /etc/y}}
    - {name: g, stat: {path: /etc/y}}
    """
    assert dag(tmp_path, text) == ["a -> b (path: /srv/app)", "d -> e (path: /etc/x)"]


def test_dag_begins_and_ends_blocks_that_handle_failures_as_a_whole(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a}
    - block:
        - {name: b, command: b}
        - {name: c, command: c}
      rescue:
        - {name: r, command: r}
    - {name: d, command: d}
    - block:
        - {name: e, command: e}
    """
    assert dag(tmp_path, text) == [
        "a -> b (block)",
        "a -> c (block)",
        "a -> r (block)",
        "b -> r (rescue of a block)",
        "b -> d (block)",
        "b -> e (block)",
        "c -> r (rescue of a block)",
        "c -> d (block)",
        "c -> e (block)",
        "r -> d (block)",
        "r -> e (block)",
    ]


def test_needs_are_followed_in_every_strategy(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a, needs: [c]}
    - {name: b, command: b}
    - {name: c, command: c}
    - {name: d, command: d, needs: [a]}
    """
    assert dag(tmp_path, text) == ["a -> d (needs: a)", "c -> a (needs: c)"]
    for strategy in ("linear", "free", "host_pinned"):
        assert names(plan(tmp_path, text, strategy=strategy)) == ["b", "c", "a", "d", "|"]


def test_a_need_that_would_tear_a_block_apart_is_a_mistake_where_the_list_counts(tmp_path: Path) -> None:
    text = """
    - block:
        - {name: a, command: a, needs: [c]}
        - {name: b, command: b}
    - {name: c, command: c}
    """
    assert mistakes(tmp_path, text) == [
        "5: task 'a' needs one that stands later, outside its block or section"
        " | move it, or use strategy: dag (linear keeps the order of the list)"
    ]
    assert mistakes(tmp_path, text, strategy="dag") == []


@pytest.mark.parametrize("strategy", ["linear", "dag"])
def test_needs_that_go_in_a_circle_are_printed(tmp_path: Path, strategy: str) -> None:
    text = """
    - {name: a, command: a, needs: [c]}
    - {name: x, command: x}
    - {name: b, command: b, needs: [a]}
    - {name: c, command: c, needs: [b]}
    - {name: d, command: d, needs: [bb]}
    """
    found = mistakes(tmp_path, text, strategy=strategy)
    assert found[0] == "8: task needs 'bb', but no task has this name" + found[0].partition("name")[2]
    assert "cycle: " in found[1]
    walk = found[1].partition("cycle: ")[2].partition(" |")[0].split(" -> ")
    assert walk[0] == walk[-1] and set(walk) == {"'a'", "'b'", "'c'"}


def test_what_no_tag_chose_is_not_waited_for(tmp_path: Path) -> None:
    text = """
    - {name: a, command: a, needs: [b], tags: x}
    - {name: b, command: b}
    """
    assert names(plan(tmp_path, text, tags=("x",))) == ["a", "|"]


def test_dag_orders_what_a_file_of_variables_may_read(tmp_path: Path) -> None:
    tasks = """
      tasks:
        - {name: sets, command: a, register: r}
        - {name: reads, command: "echo {{ of_the_file }}"}
        - {name: alone, command: "echo {{ inventory_hostname }}"}
    """
    play = "- hosts: all\n      gather_facts: false\n"
    with_file = dag(tmp_path, f"\n    {play}      vars_files: [v.yaml]{tasks}")
    assert [edge for edge in with_file if "data" in edge] == ["sets -> reads (data: r)"]
    assert not [edge for edge in dag(tmp_path, f"\n    {play}{tasks}") if "data" in edge]
