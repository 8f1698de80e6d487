"""Groups, their order and cycles; add_host and group_by as pure functions."""

from __future__ import annotations

import pytest

from runner.errors import StepError
from runner.inventory.changes import with_group, with_host
from runner.inventory.draft import Draft
from runner.inventory.implicit import find_host, implicit_localhost
from runner.inventory.membership import members
from runner.model.inventory import Inventory
from runner.model.span import NOWHERE, Span


def _inventory() -> Inventory:
    draft = Draft()
    draft.child("prod", "web", NOWHERE)
    draft.host("web1", "web", NOWHERE)
    draft.host("solo", "ungrouped", NOWHERE)
    draft.group_var("web", "a", 1, NOWHERE)
    return draft.finish(sources=("here",))


def test_groups_of_a_host_are_in_the_order_of_merging() -> None:
    draft = Draft()
    for group in ("b", "a", "z"):
        draft.child("top", group, NOWHERE)
        draft.host("h", group, NOWHERE)
    draft.child("z", "deep", NOWHERE)
    draft.host("h", "deep", NOWHERE)
    draft.group_var("a", "ansible_group_priority", "5", NOWHERE)
    inventory = draft.finish()
    assert inventory.hosts["h"].groups == ("all", "top", "b", "z", "a", "deep")
    assert inventory.groups["deep"].depth == 3
    assert "ansible_group_priority" not in inventory.groups["a"].vars


def test_a_cycle_is_printed_and_placed() -> None:
    draft = Draft()
    draft.child("a", "b", Span("x", 1))
    draft.child("b", "c", Span("x", 2))
    draft.child("c", "a", Span("x", 3))
    draft.host("h", "c", NOWHERE)
    inventory = draft.finish()
    (problem,) = draft.problems
    assert problem.message == "groups are children of each other: a -> b -> c -> a"
    assert problem.span == Span("x", 3)
    assert members(inventory, "a") == ("h",)


def test_a_group_in_itself() -> None:
    draft = Draft()
    draft.child("a", "a", NOWHERE)
    draft.finish()
    assert [problem.message for problem in draft.problems] == ["groups are children of each other: a -> a"]


def test_a_name_of_both_kinds_is_a_warning() -> None:
    draft = Draft()
    draft.host("web", "ungrouped", NOWHERE)
    draft.group("web", NOWHERE)
    draft.finish()
    assert [problem.level for problem in draft.problems] == ["warning"]


def test_bad_names_ports_and_users_are_errors_that_name_the_host() -> None:
    draft = Draft()
    draft.pattern("-oProxyCommand=x", "ungrouped", (), NOWHERE)
    draft.pattern("h", "ungrouped", [("ansible_port", 70000, NOWHERE), ("ansible_user", "u$(x)", NOWHERE)], NOWHERE)
    messages = [problem.message for problem in draft.problems]
    assert messages == [
        "host name '-oProxyCommand=x' begins with '-'",
        "host 'h': ansible_port: port 70000 is not between 1 and 65535",
        "host 'h': ansible_user: user 'u$(x)' holds the shell character $",
    ]


def test_add_host_makes_hosts_and_groups_and_leaves_the_old_inventory_alone() -> None:
    before = _inventory()
    after = with_host(before, "new:2222", ["web", "fresh"], {"x": "{{ 7 * 7 }}"})
    assert "new" not in before.hosts
    assert after.hosts["new"].vars == {"x": "{{ 7 * 7 }}", "ansible_port": 2222}
    assert type(after.hosts["new"].vars["x"]) is str
    assert after.hosts["new"].groups == ("all", "fresh", "prod", "web")
    assert members(after, "prod") == ("web1", "new")
    assert after.sources == ("here",)
    assert after.groups["web"].vars == {"a": 1}


def test_add_host_again_changes_variables_and_nothing_else() -> None:
    once = with_host(_inventory(), "web1", [], {"x": 1})
    assert once.hosts["web1"].vars == {"x": 1}
    assert once.hosts["web1"].groups == ("all", "prod", "web")
    assert list(once.hosts) == ["web1", "solo"]


def test_add_host_without_a_group_is_ungrouped_until_it_gets_one() -> None:
    once = with_host(_inventory(), "new", [], {})
    assert members(once, "ungrouped") == ("solo", "new")
    twice = with_host(once, "new", ["web"], {})
    assert members(twice, "ungrouped") == ("solo",)


@pytest.mark.parametrize("name", ["-x", "a b", "$(x)", "h:99999", ""])
def test_add_host_refuses_names_from_a_run_that_are_none(name: str) -> None:
    with pytest.raises(StepError):
        with_host(_inventory(), name, [], {})


def test_group_by() -> None:
    after = with_group(_inventory(), "web1", "os Debian 12", ["by os"])
    assert after.groups["os-Debian-12"].hosts == ("web1",)
    assert after.groups["by-os"].children == ("os-Debian-12",)
    assert after.hosts["web1"].groups == ("all", "by-os", "prod", "os-Debian-12", "web")
    again = with_group(after, "solo", "os Debian 12", ["by os"])
    assert again.groups["os-Debian-12"].hosts == ("web1", "solo")


def test_group_by_does_not_list_the_implicit_localhost() -> None:
    after = with_group(_inventory(), "localhost", "here")
    assert "localhost" not in after.hosts
    assert "here" in after.groups


def test_group_by_that_makes_a_cycle_is_refused() -> None:
    with pytest.raises(StepError, match="children of each other"):
        with_group(_inventory(), "web1", "prod", ["web"])


def test_implicit_localhost() -> None:
    assert find_host(_inventory(), "localhost") == implicit_localhost()
    assert implicit_localhost().vars == {"ansible_connection": "local"}
    assert find_host(_inventory(), "nope") is None
