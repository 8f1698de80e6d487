"""Handlers that includes bring: which counts, and in which order they run, whoever answers first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.execute.simulation import Book, said

ORDERS: list[Callable[[int], int]] = [
    lambda _count: 0,
    lambda count: count - 1,
    *(Random(seed).randrange for seed in range(4)),
]


def role(name: str) -> dict[str, str]:
    """A role whose handler says which use of it counts."""
    return {
        f"roles/{name}/tasks/main.yml": "- {name: change, command: 'x'}\n",
        f"roles/{name}/handlers/main.yml": (
            f"- {{name: restart, debug: {{msg: '{name} {{{{ v }}}}'}}, listen: {name}}}\n"
        ),
    }


def play(tasks: str) -> str:
    """A play on all hosts."""
    return f"- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}"


@pytest.mark.parametrize("pick", ORDERS)
def test_the_last_include_of_the_plan_counts(tmp_path: Path, pick: Callable[[int], int]) -> None:
    text = play("""\
    - {name: busy, command: x, when: inventory_hostname != 'h2'}
    - {include_role: {name: r}, vars: {v: first}}
    - {include_role: {name: r}, vars: {v: second}, when: inventory_hostname == 'h1'}
    - {name: late, command: x, notify: restart}
    - {meta: flush_handlers}
    - {name: again, command: x, notify: restart, when: inventory_hostname == 'h2'}
    - {meta: flush_handlers}
    - {include_role: {name: r}, vars: {v: third}, when: inventory_hostname == 'h3'}
""")
    done = Book(tmp_path).run(text, ["h1", "h2", "h3"], files=role("r"), pick=pick)
    assert said(done, "h1") == ["r second"]
    assert said(done, "h2") == ["r second", "r second"]
    assert said(done, "h3") == ["r second"]


@pytest.mark.parametrize("pick", ORDERS)
def test_a_handler_that_another_host_includes_is_known(tmp_path: Path, pick: Callable[[int], int]) -> None:
    text = play("""\
    - {name: busy, command: x, when: inventory_hostname == 'h1'}
    - {include_role: {name: a}, vars: {v: 1}, when: inventory_hostname == 'h1'}
    - {include_tasks: b.yml, when: inventory_hostname == 'h2'}
    - {name: t, command: x, notify: [b, a]}
""")
    files = {**role("a"), **role("b"), "b.yml": "- {include_role: {name: b}, vars: {v: 2}}\n"}
    done = Book(tmp_path).run(text, ["h1", "h2", "h3"], files=files, pick=pick)
    for host in ("h1", "h2", "h3"):
        assert said(done, host) == ["a 1", "b 2"]
    assert done.run.exit_code() == 0


@pytest.mark.parametrize("pick", ORDERS)
def test_of_items_the_order_of_the_hosts_counts(tmp_path: Path, pick: Callable[[int], int]) -> None:
    text = play("""\
    - {name: busy, command: x, when: inventory_hostname == 'h1'}
    - {include_role: {name: r}, vars: {v: "{{ item }}"}, loop: "{{ mine }}"}
    - {name: t, command: x, notify: restart}
""")
    own = {"h1": {"mine": ["a", "b"]}, "h2": {"mine": ["b", "a"]}, "h3": {"mine": ["a"]}}
    done = Book(tmp_path).run(text, ["h1", "h2", "h3"], files=role("r"), host_vars=own, pick=pick)
    assert [said(done, host) for host in own] == [["r b"]] * 3
