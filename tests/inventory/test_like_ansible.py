"""The same sources and patterns, read by ansible-core and by us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.errors import InputErrors
from runner.inventory.membership import members
from runner.inventory.patterns import match
from runner.load.inventory import load_inventory
from runner.model.inventory import Inventory
from tests.inventory.reference import ansible_inventory

INI = """\
# comment
mail.example.com
[web:vars]
tls=True   # yes
title = "x # y"
lst=[1, 2, "a{{b}}", (3, {'k': None})]
zeros=007
ratio=1.5
neg = -4
unquoted = some text ; not a comment
empty=
[web]
web[01:05:2] ansible_port=2222 color='a b' d="{'a': 1}"  # comment
alpha:2200 url=http://x/?a=b quoted="'12'"
[2001:db8::1]:22
192.168.0.[8:10]
[db]  # comment
db-[a:c] x=None y=5 on=yes
web01
[prod:children]
web
db
[prod:vars]
ansible_group_priority=7
[deep:children]
prod
[late:vars]
v=1
[late]
"""

YAML = """\
all:
  vars: {a: 1, t: "{{ a }}"}
  hosts:
    solo:
    one.example.com:2022: {x: yes, y: "yes"}
  children:
    top:
      children:
        mid:
          hosts:
            m[1:3]: {n: 5}
          vars: {ansible_group_priority: 3}
        other:
          hosts: {m2: {n: 6}, o1: }
    side:
      hosts: m3
"""

JSON = '{"grp": {"hosts": {"j1": {"v": [1, {"k": "t"}]}}, "vars": {"g": null}}}'

PATTERNS = [
    "all", "*", "web", "web:db", "db:web", "web:&db", "web:!db", "!web", "&web", "db,web,!web01", "web[0]", "web[-1]",
    "web[1:2]", "web[1:]", "web[0:0]", "web[50]", "web0[1]", "~web\\d+", "~(alpha|mail).*", "*.example.com", "db-?",
    "db-[ab]", "db-[!a]", "ungrouped", "nope", "nope:web", "localhost", "2001:db8::1", "192.168.0.*",
    "all:!prod", "deep", "late", "prod[0:3]", "web01", "alpha:2200", "web:&deep:!alpha", " web , db ", "we*:!web0*",
    "all[2]", "*[1]", "2001:db8::1,web01", "a,b:c", "!nope", "web db", "ungr*", "",
]  # fmt: skip
LIMITS = [("all", "web"), ("web:db", "!web01"), ("db", "nope"), ("all", "web[0],db[0]"), ("localhost", "web")]


def _described(inventory: Inventory) -> dict[str, Any]:
    return {
        "groups": {
            name: {
                "hosts": list(members(inventory, name)),
                "depth": group.depth,
                "priority": group.priority,
                "children": list(group.children),
                "vars": dict(group.vars),
            }
            for name, group in inventory.groups.items()
        },
        "hosts": {
            name: {"vars": dict(host.vars), "groups": list(host.groups)} for name, host in inventory.hosts.items()
        },
    }


def _ours(pattern: str, limit: str | None, inventory: Inventory) -> list[str] | str:
    try:
        return list(match(pattern, inventory, limit=limit))
    except InputErrors:
        return "error"


@pytest.mark.ansible
@pytest.mark.parametrize(("name", "text"), [("hosts.ini", INI), ("hosts", INI), ("h.yaml", YAML), ("h.json", JSON)])
def test_a_source_means_what_it_means_to_ansible(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    theirs = ansible_inventory([str(path)])
    ours = _described(load_inventory([str(path)])[0])
    assert ours["hosts"] == theirs["hosts"]
    assert list(ours["hosts"]) == list(theirs["hosts"])
    assert ours["groups"] == theirs["groups"]


@pytest.mark.ansible
def test_patterns_pick_the_hosts_that_ansible_picks(tmp_path: Path) -> None:
    path = tmp_path / "hosts.ini"
    path.write_text(INI)
    asked: list[tuple[str, str | None]] = [(pattern, None) for pattern in PATTERNS if pattern]
    asked += LIMITS
    theirs = ansible_inventory([str(path)], asked)["answers"]
    inventory, _ = load_inventory([str(path)])
    ours = {f"{pattern} | {limit}": _ours(pattern, limit, inventory) for pattern, limit in asked}
    assert ours == theirs


@pytest.mark.ansible
def test_several_sources_and_the_folders_beside_them(tmp_path: Path) -> None:
    folder = tmp_path / "inv"
    (folder / "sub").mkdir(parents=True)
    (folder / "10-first.ini").write_text("[a]\nh1 v=1 w=1\n[a:vars]\ng=1\n")
    (folder / "20-second.yaml").write_text("a: {hosts: {h1: {v: 2}, h2: }, vars: {g: 2}}\n")
    (folder / "sub" / "more").write_text("h3\n[b]\nh1\n")
    (folder / "ignored.cfg").write_text("this is no inventory\n")
    (folder / ".hidden").write_text("neither is this\n")
    sources = [str(folder), "x1,x2:99,"]
    theirs = ansible_inventory(sources)
    for host in theirs["hosts"].values():
        # ansible-core gives the text "None" to hosts of a list; that is no folder.
        host["vars"]["inventory_dir"] = {"None": None}.get(*[host["vars"]["inventory_dir"]] * 2)
    ours = _described(load_inventory(sources)[0])
    assert ours["hosts"] == theirs["hosts"]
    assert ours["groups"] == theirs["groups"]
