"""Where plug-ins and modules are looked for, and what is not trusted."""

import os
from pathlib import Path

import pytest

from runner.extensions.names_of import names_of
from runner.extensions.shelves import Named, Shelves, named_by
from runner.model.settings import Settings


def shelves(*homes: Path, named: Named | None = None) -> tuple[Shelves, list[str]]:
    doubts: list[str] = []
    made = Shelves(
        dict.fromkeys(map(str, homes)), named or Named(), lambda folder, why: doubts.append(f"{folder}: {why}")
    )
    return made, doubts


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("")
    return folder


def test_homes_come_before_named_folders(tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    for folder in (one / "filter_plugins", two / "filter_plugins", three):
        put(folder, "b.py", "a.py", "_c.py", ".d.py", "notes.txt")
    found, doubts = shelves(one, two, named=Named({"filter": (str(three),)}))
    places = [one / "filter_plugins", two / "filter_plugins", three]
    assert list(found.files("filter")) == [f"{place}/{name}" for place in places for name in ("a.py", "b.py")]
    assert list(found.files("test")) == []
    assert not doubts


@pytest.mark.parametrize("name", ["mod", "mod.py", "mod.sh", "mod.pl", "mod.exe"])
def test_a_module_may_have_any_extension(tmp_path: Path, name: str) -> None:
    put(tmp_path / "library", name, "mod.pyc", "mod.md", "other")
    (tmp_path / "library" / "folder").mkdir()
    found, _ = shelves(tmp_path)
    assert found.module("mod") == f"{tmp_path}/library/{name}"
    for none in ("folder", "mod.py2", "", ".", "..", "../library/mod", "no"):
        assert found.module(none) is None


@pytest.mark.parametrize("where", ["home", "folder", "file"])
def test_what_everybody_can_write_to_is_left_out(tmp_path: Path, where: str) -> None:
    home = tmp_path / "home"
    folder = put(home / "library", "mod")
    {"home": home, "folder": folder, "file": folder / "mod"}[where].chmod(0o777)
    found, doubts = shelves(home)
    assert found.module("mod") is None
    assert found.module("mod") is None
    assert len(doubts) == 1
    assert "anybody can write to" in doubts[0]


@pytest.mark.root
def test_what_belongs_to_others_is_left_out(tmp_path: Path) -> None:
    mine, theirs = put(tmp_path / "mine" / "library", "mod"), put(tmp_path / "theirs" / "library", "mod")
    os.chown(mine / "mod", 12345, 12345)
    for path in (theirs.parent, theirs, theirs / "mod"):
        os.chown(path, 12345, 12345)
    found, doubts = shelves(mine.parent)
    assert found.module("mod") is None
    assert "belongs to user id 12345" in doubts[0]
    # Whoever wrote the playbook that we were told to run may write its modules, too.
    assert shelves(theirs.parent)[0].module("mod") == f"{theirs}/mod"
    assert shelves(named=Named({"module": (str(theirs),)}))[0].module("mod") is None


def test_dead_links_and_caches_are_no_matter(tmp_path: Path) -> None:
    folder = put(tmp_path / "filter_plugins", "a.py")
    (folder / ".#a.py").symlink_to("/nowhere")
    (folder / "gone.py").symlink_to("/nowhere")
    (folder / "__pycache__").mkdir(mode=0o777)
    found, doubts = shelves(tmp_path)
    assert f"{folder}/a.py" in list(found.files("filter"))
    assert not doubts


def test_the_folder_one_stands_in_is_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "here" / "library", "mod")
    monkeypatch.chdir(tmp_path / "here")
    found, doubts = shelves(put(tmp_path / "playbook"), named=named_by(Settings()))
    assert found.module("mod") is None
    assert not doubts


def test_settings_name_folders() -> None:
    made = named_by(
        Settings(
            filter_plugins=("/e/f", "/e/g"),
            test_plugins=("/c/t",),
            library=("lib",),
            collections_path=("/c/collections",),
        )
    )
    assert made.folders["filter"] == ("/e/f", "/e/g")
    assert made.folders["test"] == ("/c/t",)
    assert made.folders["module"] == (str(Path("lib").absolute()),)
    assert made.folders["lookup"][-1] == "/usr/share/ansible/plugins/lookup"
    assert made.collections == ("/c/collections",)


@pytest.mark.parametrize("root", ["collections", "collections/ansible_collections"])
def test_collections(tmp_path: Path, root: str) -> None:
    plugins = tmp_path / "collections" / "ansible_collections" / "ns" / "coll" / "plugins"
    put(plugins / "modules", "mod.py")
    put(plugins / "filter", "f.py")
    found, _ = shelves(named=Named({}, (str(tmp_path / root),)))
    assert found.module_of_collection("ns.coll.mod") == f"{plugins}/modules/mod.py"
    assert found.in_collection("filter", "ns.coll") == f"{plugins}/filter"
    for none in ("ns.coll.no", "ns.mod", "mod", "ns.other.mod", "../x.coll.mod", "ns.coll.../mod"):
        assert found.module_of_collection(none) is None


CLASS = "class FilterModule(object):\n    def filters(self):\n        "


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (CLASS + "return {'a': len, \"b\": self.b}", {"a", "b"}),
        (CLASS + "return dict(a=len)", {"a"}),
        (CLASS + "if x:\n            return {'a': 1}\n        return {'b': 1}", {"a", "b"}),
        (CLASS + "return {}", set()),
        (CLASS + "return {NAME: len}", None),
        (CLASS + "return {**OTHERS, 'a': len}", None),
        (CLASS + "return FILTERS", None),
        (CLASS + "return dict(OTHERS, a=len)", None),
        ("class FilterModule(Base):\n    pass", None),
        ("from base import FilterModule", None),
        ("def f(): pass", set()),
        ("this is no python", None),
        ("\0", None),
    ],
)
def test_names_are_read_without_running_the_file(tmp_path: Path, text: str, names: set[str] | None) -> None:
    path = tmp_path / "f.py"
    path.write_text(f"{text}\n")
    assert names_of(str(path), "filter") == names
