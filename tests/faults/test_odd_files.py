"""What is no file, or lies where nothing can be written: each step fails with its reason, and leaves all."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.process import listing, pbrun, write_playbook

pytestmark = pytest.mark.root


@contextlib.contextmanager
def mounted(path: Path, options: str) -> Iterator[Path]:
    """A tmpfs with these options."""
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a tmpfs here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


WRITES = (
    "copy: {content: new, dest: PATH}",
    "template: {src: SRC, dest: PATH}",
    "lineinfile: {path: PATH, line: x, create: true}",
    "blockinfile: {path: PATH, block: x, create: true}",
    "replace: {path: PATH, regexp: o, replace: x}",
    "get_url: {url: 'file://SRC', dest: PATH, force: true}",
)
READS = ("slurp: {src: PATH}", "fetch: {src: PATH, dest: HERE}", "copy: {src: PATH, dest: HERE/got, remote_src: true}")


def test_each_step_fails_in_no_time_and_changes_nothing(tmp_path: Path) -> None:
    """F17: no inodes left, a file system that is read-only, and a FIFO, a device or a folder in the way."""
    src, odd = tmp_path / "src", tmp_path / "odd"
    src.write_text("text\n")
    odd.mkdir()
    os.mkfifo(odd / "fifo")
    os.mknod(odd / "device", 0o20600, os.makedev(1, 3))
    (odd / "folder").mkdir()
    with mounted(tmp_path / "few", "nr_inodes=3") as few, mounted(tmp_path / "ro", "size=1m") as ro:
        for folder in (few, ro):
            (folder / "file").write_text("old\n")
        (few / "last").touch()
        subprocess.run(["mount", "-o", "remount,ro", ro], check=True)
        before = [listing(folder)[1:] for folder in (few, ro, odd)]
        paths = [few / "file", few / "new", ro / "file", ro / "new", odd / "fifo", odd / "device", odd / "folder"]
        cases = [(form, path) for form in WRITES for path in paths]
        cases += [(form, path) for form in READS for path in paths[4:]]
        cases += [
            ("file: {path: PATH, state: directory}", few / "new"),
            ("file: {path: PATH, state: absent}", ro / "file"),
        ]
        cases = [one for one in cases if not _no_write(*one)]
        tasks = "".join(
            f"    - {{name: '{number}', {form.replace('PATH', str(path)).replace('SRC', str(src))}}}\n".replace(
                "HERE", str(tmp_path / "here")
            )
            for number, (form, path) in enumerate(cases)
        )
        text = f"- hosts: all\n  gather_facts: false\n  ignore_errors: true\n  tasks:\n{tasks}"
        run = pbrun(tmp_path, write_playbook(tmp_path / "p.yaml", text), "-i", "h,", "-c", "local")
        assert run.code == 0, run.told()
        results = run.results(final=True)
        assert len(results) == len(cases)
        for line, (form, path) in zip(results, cases, strict=True):
            assert (line["status"], bool(line["msg"])) == ("failed", True), (form, path, line)
            assert line["duration_s"] < 20, (form, path)
        assert [listing(folder)[1:] for folder in (few, ro, odd)] == before


def _no_write(form: str, path: Path) -> bool:
    """What goes into a folder by its meaning."""
    return path.name == "folder" and form.startswith(("template", "get_url", "copy: {src"))
