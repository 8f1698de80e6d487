"""What is wrong in a `constructed` source. What is right is compared with ansible-core in `test_commands`."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import InputErrors
from runner.load.inventory import load_inventory


def _load(folder: Path, text: str) -> tuple[dict[str, object], list[str]]:
    (folder / "hosts").write_text("h1 n=1\nh2 evil='{{ 1 + 1 }}'\n")
    (folder / "built.yml").write_text(f"plugin: constructed\n{text}")
    try:
        inventory, problems = load_inventory([str(folder / "hosts"), str(folder / "built.yml")])
    except InputErrors as error:
        return {}, [problem.message for problem in error.problems]
    return dict(inventory.hosts["h1"].vars), [problem.message for problem in problems]


def test_strict_tells_of_every_host(tmp_path: Path) -> None:
    _, told = _load(tmp_path, "strict: true\ncompose: {z: n + 1}\n")
    assert told == ["the variable 'z' cannot be made for host 'h2': 'n' is undefined"]


def test_else_a_host_goes_without(tmp_path: Path) -> None:
    variables, told = _load(tmp_path, "compose: {z: n + 1, broken: '1 +', w: nix}\ngroups: {odd: n}\n")
    assert (variables["z"], told) == (2, [])
    assert not {"broken", "w"} & variables.keys()


def test_unknown_options_are_doubts(tmp_path: Path) -> None:
    assert _load(tmp_path, "keyed_group: []\n")[1] == ["'keyed_group' is no option of constructed"]


@pytest.mark.parametrize("entry", ["7", "{prefix: x}", "{key: n}"])
def test_entries_that_make_no_groups(tmp_path: Path, entry: str) -> None:
    (told,) = {message.split(" of ")[0] for message in _load(tmp_path, f"strict: true\nkeyed_groups: [{entry}]\n")[1]}
    assert told == "the groups"


def test_what_an_expression_made_is_no_template(tmp_path: Path) -> None:
    variables, _ = _load(tmp_path, "compose: {z: \"'{' ~ '{ 1 + 1 }' ~ '}'\"}\n")
    assert variables["z"] == "{{ 1 + 1 }}"
    assert type(variables["z"]) is str
