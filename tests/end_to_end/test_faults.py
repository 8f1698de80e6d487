"""What goes wrong on hosts and on the way to them: each is one clear line, other hosts go on, and the log is whole."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.process import pbrun, write_playbook
from tests.sshd_farm import Farm, make_key

pytestmark = pytest.mark.sshd


def inventory(folder: Path, farm: Farm, *more: str) -> str:
    """The farm's hosts h0, h1 and h2, and further lines."""
    path = folder / "hosts.ini"
    path.write_text("\n".join([*farm.inventory_lines(), *more]) + "\n")
    return str(path)


def book(folder: Path, *tasks: str, hosts: str = "all") -> str:
    """A playbook of these tasks."""
    lines = [f"- hosts: {hosts}", "  gather_facts: false", "  tasks:", *(f"    - {task}" for task in tasks)]
    return write_playbook(folder / "p.yaml", "\n".join(lines) + "\n")


def test_a_child_in_the_background_holds_nothing_up(tmp_path: Path, farm: Farm) -> None:
    begin = time.monotonic()
    tasks = ("{name: child, shell: sleep 60 & echo started}", "{name: after, shell: echo after}")
    run = pbrun(tmp_path, book(tmp_path, *tasks), "-i", inventory(tmp_path, farm))
    assert time.monotonic() - begin < 30
    assert run.code == 0, run.told()
    assert [line["stdout"].strip() for line in run.results(task="child")] == ["started"] * 3
    assert [line["stdout"].strip() for line in run.results(task="after")] == ["after"] * 3


def test_ten_megabytes_on_both_streams_at_once(tmp_path: Path, farm: Farm) -> None:
    flood = "(yes out | head -c 10000000) & yes err | head -c 10000000 >&2; wait"
    run = pbrun(tmp_path, book(tmp_path, f"{{name: flood, shell: '{flood}'}}", "{name: after, shell: echo after}"),
                "-i", inventory(tmp_path, farm), "-l", "h0")  # fmt: skip
    assert run.code == 0, run.told()
    (line,) = run.results(task="flood")
    assert line["stdout"].startswith("out\nout")
    assert line["stderr"].startswith("err\nerr")
    assert run.results(task="after")[0]["stdout"] == "after"


def test_bytes_that_are_no_text_and_a_command_that_reads_stdin(tmp_path: Path, farm: Farm) -> None:
    tasks = (
        r"""{name: bytes, shell: "printf 'a\\377\\376\\000\\033[31mb'"}""",
        "{name: stdin, shell: cat; echo done}",
        "{name: after, shell: echo after}",
    )
    run = pbrun(tmp_path, book(tmp_path, *tasks), "-i", inventory(tmp_path, farm), "-v")
    assert run.code == 0, run.told()
    assert "\x1b" not in run.out
    assert [line["stdout"] for line in run.results(task="stdin")] == ["done"] * 3
    assert [line["stdout"] for line in run.results(task="after")] == ["after"] * 3


def test_hosts_that_cannot_be_reached(tmp_path: Path, farm: Farm) -> None:
    stranger = make_key(tmp_path / "stranger")
    other = make_key(tmp_path / "other_host")
    public = Path(f"{other}.pub").read_text().split()
    (tmp_path / "changed").write_text(f"[{farm.addresses[1]}]:{farm.port} {public[0]} {public[1]}\n")
    base = farm.inventory_lines()[1].partition(" ")[2]
    down = base.replace(f"ansible_port={farm.port}", "ansible_port=1")
    lines = (
        f"down {down}",
        f"wrongkey {base.replace(str(farm.key), str(stranger))}",
        f"changed {base.replace(str(farm.known_hosts), str(tmp_path / 'changed'))}",
    )
    tasks = ("{name: one, shell: echo one}", "{name: two, shell: echo two}")
    run = pbrun(tmp_path, book(tmp_path, *tasks), "-i", inventory(tmp_path, farm, *lines))
    assert run.code == 4, run.told()
    assert {line["host"] for line in run.results(task="two", status="changed")} == {"h0", "h1", "h2"}
    lost = {line["host"]: line["reason"] for line in run.log if line["type"] == "host_lost"}
    assert set(lost) == {"down", "wrongkey", "changed"}
    assert "refused" in lost["down"]
    assert "key" in lost["wrongkey"] or "uthentication" in lost["wrongkey"]
    assert "host key" in lost["changed"].lower()
    assert len(set(lost.values())) == 3
    for host in lost:
        assert run.recap(host)["unreachable"] == 1
        assert f"[{host}]: UNREACHABLE!" in run.out


def test_a_template_error_in_the_seventh_task(tmp_path: Path, farm: Farm) -> None:
    tasks = [f"{{name: t{number}, shell: echo {number}}}" for number in range(1, 7)]
    tasks += ['{name: t7, shell: "echo {{ only_there.x }}"}', "{name: t8, shell: echo 8}"]
    run = pbrun(tmp_path, book(tmp_path, *tasks), "-i", inventory(tmp_path, farm), "-e", "{other: {}}")
    assert run.code == 2, run.told()
    assert {line["task"] for line in run.results(status="changed")} == {f"t{number}" for number in range(1, 7)}
    failed = run.results(status="failed")
    assert {(line["task"], line["host"]) for line in failed} == {("t7", f"h{number}") for number in range(3)}
    assert all("only_there" in line["msg"] for line in failed)
    assert "only_there" in run.out


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.root
def test_a_full_disk(tmp_path: Path, farm: Farm, small_disk: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 1_000_000)
    (small_disk / "there").write_text("old\n")
    tasks = (
        f"{{name: copy, copy: {{src: {tmp_path}/big, dest: {small_disk}/there}}}}",
        "{name: after, shell: echo after}",
    )
    playbook = book(tmp_path, *tasks, hosts="h0")
    run = pbrun(tmp_path, playbook, "-i", inventory(tmp_path, farm))
    assert run.code == 2, run.told()
    (line,) = run.results(task="copy")
    assert line["status"] == "failed"
    assert "space" in (line["msg"] + line["stderr"]).lower(), line
    assert [path.name for path in small_disk.iterdir()] == ["there"]
    assert (small_disk / "there").read_text() == "old\n"
