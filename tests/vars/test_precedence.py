"""Each rung of variable precedence wins against the one below it."""

from __future__ import annotations

import pytest

from runner.model.inventory import FileVars, Group, Host, Inventory
from runner.vars.precedence import Layer, Rung, flatten, inventory_layers, lookup_order


@pytest.mark.parametrize(("low", "high"), list(zip(list(Rung), list(Rung)[1:], strict=False)))
def test_each_rung_wins_against_the_one_below(low: Rung, high: Rung) -> None:
    layers: list[Layer] = [(high, {"x": "high"}), (low, {"x": "low", "only": "low"})]
    assert flatten(layers) == {"x": "high", "only": "low"}
    assert lookup_order(layers)[0] == {"x": "high"}


def test_there_are_the_documented_22_rungs() -> None:
    assert [rung.value for rung in Rung] == list(range(1, 23))


def inventory() -> Inventory:
    host = Host("h", {"x": "inventory host"}, ("all", "parent", "child", "urgent"))
    groups = {
        "all": Group("all", {"x": "all", "a": "all"}),
        "parent": Group("parent", {"x": "parent", "a": "parent", "b": "parent"}, children=("child",), depth=1),
        "child": Group("child", {"x": "child", "b": "child", "c": "child"}, hosts=("h",), depth=2),
        "urgent": Group("urgent", {"c": "urgent"}, hosts=("h",), depth=2, priority=10),
    }
    beside = FileVars({"all": {"d": "near all"}, "child": {"d": "near child"}}, {"h": {"e": "near host"}})
    return Inventory({"h": host}, groups, beside)


def test_groups_merge_by_depth_and_priority() -> None:
    layers = inventory_layers(inventory(), inventory().hosts["h"], FileVars())
    assert flatten(layers) == {
        "x": "inventory host",
        "a": "parent",
        "b": "child",
        "c": "urgent",
        "d": "near child",
        "e": "near host",
        "inventory_hostname": "h",
        "inventory_hostname_short": "h",
        "group_names": ["child", "parent", "urgent"],
    }


def test_what_lies_beside_the_playbook_wins_against_what_lies_beside_the_inventory() -> None:
    far = FileVars({"all": {"d": "far all"}, "urgent": {"a": "far urgent"}}, {"h": {"e": "far host", "x": "far host"}})
    merged = flatten(inventory_layers(inventory(), inventory().hosts["h"], far))
    assert (merged["d"], merged["a"], merged["e"], merged["x"]) == ("near child", "far urgent", "far host", "far host")
