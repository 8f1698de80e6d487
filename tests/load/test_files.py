"""Files of the controller: the search path, reading, hashing, folders."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from runner.errors import StepError
from runner.load.defined_names import flat
from runner.load.files import Files
from runner.model.playbook import Task
from tests.load.trees import play, write


@pytest.fixture
def role_task(tmp_path: Path) -> Task:
    files = {"roles/r/tasks/main.yml": "- import_tasks: sub/t.yml\n", "roles/r/tasks/sub/t.yml": "- ping:\n"}
    (task,) = flat(play(tmp_path, "- hosts: all\n  roles: [r]\n", files).roles)
    return task


def test_search_path(role_task: Task, tmp_path: Path) -> None:
    places = ["f", "files/f", "roles/r/tasks/sub/f", "roles/r/tasks/sub/files/f", "roles/r/f", "roles/r/files/f"]
    for place in places:
        write(tmp_path, {place: place})
        assert Files().find("files", "f", role_task, str(tmp_path)) == str(tmp_path / place)
    assert Files().find("files", str(tmp_path / "f"), role_task, "") == str(tmp_path / "f")


def test_not_found_lists_the_places(role_task: Task, tmp_path: Path) -> None:
    with pytest.raises(StepError) as caught:
        Files().find("templates", "x.j2", role_task, str(tmp_path))
    assert str(caught.value).startswith("could not find 'x.j2'; searched in: ")
    assert f"{tmp_path}/roles/r/templates/x.j2, {tmp_path}/roles/r/x.j2, " in str(caught.value)
    for name in ("", "a\0b"):
        with pytest.raises(StepError, match="is not the name of a file"):
            Files().find("files", name, role_task, str(tmp_path))


def test_reading_and_hashing(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"one")
    files = Files()
    assert files.read(str(path)) == b"one"
    assert files.sha1(str(path)) == hashlib.sha1(b"one", usedforsecurity=False).hexdigest()
    assert files.hashes() == {str(path): hashlib.sha256(b"one").hexdigest()}
    path.write_bytes(b"three")
    assert files.read(str(path)) == b"three"
    assert files.sha1(str(path)) == hashlib.sha1(b"three", usedforsecurity=False).hexdigest()


def test_what_cannot_be_read(tmp_path: Path) -> None:
    files = Files()
    for path in (tmp_path / "no", tmp_path):
        with pytest.raises(StepError, match="cannot read"):
            files.read(str(path))
        with pytest.raises(StepError, match="cannot read"):
            files.sha1(str(path))
    with pytest.raises(StepError, match="cannot look at"):
        files.entry(str(tmp_path / "no"))
    assert files.exists(str(tmp_path)) and not files.exists("a\0b")


def test_folders_are_sorted_and_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"d/b/x": "12", "d/a": "1", "d/b/.hidden": "", "secret/s": "s"})
    (tmp_path / "d/out").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "d/pipe")
    entries = Files().tree(str(tmp_path / "d"))
    assert [(entry.relative, entry.kind, entry.size) for entry in entries] == [
        ("a", "file", 1),
        ("b", "dir", 0),
        ("b/.hidden", "file", 0),
        ("b/x", "file", 2),
        ("out", "link", 0),
    ]
    assert entries[-1].link == str(tmp_path / "secret")
    assert Files().entry(str(tmp_path / "d/out")).kind == "dir"
    with pytest.raises(StepError, match="cannot read the folder"):
        Files().tree(str(tmp_path / "no"))


def test_variables(tmp_path: Path) -> None:
    write(tmp_path, {"v.yml": "a: 1\n", "bad.yml": "a: {{ x }}\n"})
    files = Files()
    assert files.load_vars(str(tmp_path / "v.yml")) == {"a": 1}
    with pytest.raises(StepError, match="without quotes"):
        files.load_vars(str(tmp_path / "bad.yml"))
