"""Inventory sources as files: kinds, folders beside them, records of what was read, mistakes all at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from runner.errors import InputErrors
from runner.load.inventory import load_inventory, read_limit_files
from runner.load.sources import Sources
from runner.load.vars_files import load_beside, load_vars_file
from runner.model.values import Template

REPOSITORY = Path(__file__).resolve().parents[2]


def _write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _refused(*sources: str, strict: bool = False) -> list[str]:
    with pytest.raises(InputErrors) as caught:
        load_inventory(sources, strict=strict)
    return [problem.message for problem in caught.value.problems]


def test_the_two_inventories_of_the_example_mean_the_same_site() -> None:
    lab, problems = load_inventory([str(REPOSITORY / "inventories/lab.yaml")])
    own, more = load_inventory([str(REPOSITORY / "inventories/example.ini")])
    assert not problems and not more
    assert list(lab.hosts) == list(own.hosts) == ["web1", "web2", "db1"]
    assert lab.groups["all"].vars["ansible_connection"] == "lab"
    assert lab.beside_inventory == own.beside_inventory
    assert set(lab.beside_inventory.groups) == {"all", "web", "db"}
    assert lab.beside_inventory.hosts["web1"]["worker_connections"] == 2048


def test_nothing_named_is_an_empty_inventory_with_a_warning() -> None:
    inventory, problems = load_inventory([])
    assert not inventory.hosts
    assert [problem.level for problem in problems] == ["warning"]
    assert "only the implicit localhost" in problems[0].message


def test_every_file_read_is_recorded_with_its_sum(tmp_path: Path) -> None:
    _write(tmp_path, hosts_dot_ini="h\n", group_vars__all_dot_yml="a: 1\n", host_vars__h="b: 2\n")
    record = Sources()
    inventory, _ = load_inventory([str(tmp_path / "hosts.ini")], record=record)
    assert record.files == {
        str(tmp_path / name): hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        for name in ("hosts.ini", "group_vars/all.yml", "host_vars/h")
    }
    assert inventory.sources == tuple(record.files)


def test_folders_beside_later_sources_win(tmp_path: Path) -> None:
    _write(tmp_path, a__hosts="h\n", a__group_vars__all="x: 1\ny: 1\n", b__hosts="h\n", b__group_vars__all="y: 2\n")
    inventory, _ = load_inventory([str(tmp_path / "a"), str(tmp_path / "b" / "hosts")])
    assert inventory.beside_inventory.groups["all"] == {"x": 1, "y": 2}
    assert inventory.hosts["h"].vars["inventory_file"] == str(tmp_path / "a" / "hosts")


def test_vars_of_one_name_as_a_folder_and_as_a_file(tmp_path: Path) -> None:
    _write(
        tmp_path,
        group_vars__web__b_dot_yml="x: 2\ny: 2\n",
        group_vars__web__a_dot_json='{"x": 1, "z": "{{ t }}"}',
        group_vars__web__deeper__c="w: 3\n",
        group_vars__web__notes_dot_txt="not: read: at: all\n",
        group_vars__web__backup_dot_yml="b: 1\n",
        group_vars__web_dot_yml="x: 9\n",
        group_vars__README_dot_md="# not a group\n",
        host_vars__h_dot_example_dot_com="d: 4\n",
        host_vars__h2_dot_example_dot_com_dot_yaml="d: 5\n",
        host_vars__empty_dot_yml="---\n",
    )
    (tmp_path / "group_vars/web/.hidden.yml").write_text("hidden: 1\n")
    (tmp_path / "group_vars/web/old.yml~").write_text("old: 1\n")
    found, problems = load_beside(str(tmp_path))
    assert found.groups == {"web": {"x": 2, "y": 2, "z": "{{ t }}", "b": 1, "w": 3}}
    assert type(found.groups["web"]["z"]) is Template
    assert found.hosts == {"h.example.com": {"d": 4}, "h2.example.com": {"d": 5}, "empty": {}}
    assert [(problem.level, Path(problem.span.path).name) for problem in problems] == [("warning", "web.yml")]


def test_a_vars_file_has_to_be_a_mapping(tmp_path: Path) -> None:
    _write(tmp_path, list_dot_yml="- 1\n", broken_dot_yml="a: [1\nb: 2\n", fine_dot_yml="a: 1\n")
    _write(tmp_path, vault_dot_yml="$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    assert load_vars_file(str(tmp_path / "fine.yml")) == ({"a": 1}, [])
    for name in ("list.yml", "broken.yml", "missing.yml", "vault.yml"):
        found, problems = load_vars_file(str(tmp_path / name))
        assert found == {}
        assert [problem.level for problem in problems] == ["error"]
        assert problems[0].span.path == str(tmp_path / name)


def test_mistakes_of_all_sources_come_together(tmp_path: Path) -> None:
    _write(
        tmp_path,
        a_dot_ini="h1 x\n[web:vras]\n",
        b_dot_yaml="all:\n  hosts:\n    'a b': \n    12: \n  chlidren: \n",
        c_dot_yaml="- h\n",
        group_vars__all_dot_yml="a: b: c\n",
    )
    messages = _refused(*(str(tmp_path / name) for name in ("a.ini", "b.yaml", "c.yaml", "nix.ini")))
    expected = [
        "expected name=value",
        "unknown type",
        "'a b' holds",
        "'12' is not text",
        "a mapping of groups",
        "not exist",
    ]
    for part in expected:
        assert any(part in message for message in messages), part
    assert len(messages) >= len(expected) + 1


def test_strict_makes_errors_of_warnings(tmp_path: Path) -> None:
    _write(tmp_path, b_dot_yaml="web:\n  host: {a: }\n")
    inventory, problems = load_inventory([str(tmp_path / "b.yaml")])
    assert "web" in inventory.groups
    assert problems[0].hint == "did you mean 'hosts'?"
    assert "not known" in _refused(str(tmp_path / "b.yaml"), strict=True)[0]


def test_a_missing_inventory_that_may_be_a_list() -> None:
    with pytest.raises(InputErrors) as caught:
        load_inventory(["web1"])
    assert caught.value.problems[0].hint == "a list of hosts needs a comma: -i web1,"


def test_a_plugin_configuration_is_named_as_such(tmp_path: Path) -> None:
    _write(tmp_path, aws_dot_yml="plugin: amazon.aws.aws_ec2\nregions: [x]\n")
    assert "inventory plugin" in _refused(str(tmp_path / "aws.yml"))[0]


@pytest.mark.parametrize("content", [b"\xff\xfe[web]\n", b"[web]\nh\xe4\n"])
def test_text_that_is_not_utf_8(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hosts.ini").write_bytes(content)
    assert _refused(str(tmp_path / "hosts.ini")) == ["the inventory is not UTF-8 text"]


def test_limit_files(tmp_path: Path) -> None:
    (tmp_path / "retry").write_text("a\nb\n")
    record = Sources()
    assert read_limit_files(f"web,@{tmp_path}/retry", record) == {f"{tmp_path}/retry": ["a", "b"]}
    assert list(record.files) == [f"{tmp_path}/retry"]
    assert read_limit_files(None) == {}
    with pytest.raises(InputErrors, match="does not exist"):
        read_limit_files("@/nonexistent")
