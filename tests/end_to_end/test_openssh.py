"""The example site, unchanged, on OpenSSH hosts and on a host with dropbear and nothing but busybox."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.end_to_end.process import ROOT, listing, pbrun
from tests.sshd_farm import Farm, sshd_farm


@pytest.fixture(scope="module")
def hosts() -> Iterator[Farm]:
    """Three hosts, each with a home folder of its own."""
    with sshd_farm(hosts=3, homes=True) as running:
        yield running


def inventory(folder: Path, web: Sequence[str], db: Sequence[str]) -> str:
    """The example's variables with hosts of the test."""
    for name in ("group_vars", "host_vars"):
        shutil.copytree(ROOT / "inventories" / name, folder / name)
    (folder / "hosts.ini").write_text("\n".join(["[web]", *web, "[db]", *db]) + "\n")
    return str(folder / "hosts.ini")


def check_site(state: Path, lines: Sequence[str], homes: Sequence[Path]) -> None:
    """A dry run that changes nothing, the run, and a second run that changes nothing."""
    words = (
        "playbooks/site.yaml",
        "-i",
        inventory(state, lines[:-1], lines[-1:]),
        "-e",
        f"reports_folder={state}/fetched",
    )
    before = [listing(home) for home in homes if home.exists()]
    dry = pbrun(state, *words, "--check", "--diff")
    assert dry.code == 0, dry.told()
    assert dry.changed() > 0
    assert [listing(home) for home in homes if home.exists() and any(home.iterdir())] in ([], before)
    first = pbrun(state, *words)
    assert first.code == 0, first.told()
    assert first.changed() > 0
    made = [listing(home) for home in homes]
    second = pbrun(state, *words)
    assert (second.code, second.changed()) == (0, 0), second.told()
    assert [listing(home) for home in homes] == made


@pytest.mark.sshd
def test_the_example_on_three_openssh_hosts(tmp_path: Path, hosts: Farm) -> None:
    homes = [hosts.folder / "homes" / address for address in hosts.addresses]
    check_site(tmp_path, hosts.inventory_lines(), homes)


@pytest.mark.sshd
def test_the_example_on_twenty_openssh_hosts(tmp_path: Path) -> None:
    with sshd_farm(hosts=20, homes=True, first_address=1000) as farm:
        lines = farm.inventory_lines()
        words = ("playbooks/site.yaml", "-i", inventory(tmp_path, lines[:16], lines[16:]))
        first = pbrun(tmp_path, *words, "-e", f"reports_folder={tmp_path}/fetched")
        assert first.code == 0, first.told()
        assert [first.recap(f"h{number}")["changed"] for number in range(20)] == [14] * 16 + [9] * 4, first.told()
        assert len(list((tmp_path / "fetched").iterdir())) == 20
        homes = [farm.folder / "homes" / address for address in farm.addresses]
        made = [listing(home) for home in homes]
        assert all((home / "site" / "report.txt").exists() for home in homes)
        second = pbrun(tmp_path, *words, "-e", f"reports_folder={tmp_path}/fetched")
        assert (second.code, second.changed()) == (0, 0), second.told()
        assert [listing(home) for home in homes] == made


@pytest.mark.dropbear
@pytest.mark.busybox
@pytest.mark.root
def test_the_example_on_dropbear_with_busybox_alone(tmp_path: Path, dropbear: Farm) -> None:
    home = Path(f"/tmp/home-{dropbear.user}")
    words = ("playbooks/site.yaml", "-i", inventory(tmp_path, dropbear.inventory_lines(), dropbear.inventory_lines()))
    more = ("-e", f"reports_folder={tmp_path}/fetched")
    before = listing(home)
    dry = pbrun(tmp_path, *words, *more, "--check")
    assert dry.code == 0, dry.told()
    assert listing(home) == before
    first = pbrun(tmp_path, *words, *more)
    assert first.code == 0, first.told()
    second = pbrun(tmp_path, *words, *more)
    assert (second.code, second.changed()) == (0, 0), second.told()
    where = pbrun(tmp_path, "exec", "web", *words[1:], "--", 'echo "$PATH"; readlink -f "$(command -v sed)"')
    path, program = where.results()[0]["stdout"].split()
    assert path == f"{dropbear.folder}/bin"  # where everything is a link to busybox
    assert Path(program).name == "busybox"


@pytest.mark.sshd
def test_exec_put_and_get_on_openssh(tmp_path: Path, hosts: Farm) -> None:
    (tmp_path / "hosts.ini").write_text("\n".join(["[all]", *hosts.inventory_lines()]) + "\n")
    inv = ("-i", str(tmp_path / "hosts.ini"))
    (tmp_path / "blob").write_bytes(bytes(range(256)) * 5000)
    put = pbrun(tmp_path, "put", "all", str(tmp_path / "blob"), "~/blob", *inv)
    assert put.code == 0, put.told()
    run = pbrun(tmp_path, "exec", "all", *inv, "--", "wc -c <~/blob")
    assert [line["stdout"].strip() for line in run.results()] == ["1280000"] * 3
    get = pbrun(tmp_path, "get", "h1", "~/blob", str(tmp_path / "back"), *inv, "--flat")
    assert get.code == 0, get.told()
    assert (tmp_path / "back").read_bytes() == (tmp_path / "blob").read_bytes()


@pytest.mark.sshd
def test_names_of_files_that_are_no_text(tmp_path: Path, hosts: Farm) -> None:
    (tmp_path / "hosts.ini").write_text("\n".join(["[all]", *hosts.inventory_lines()]) + "\n")
    name = "n\udcff\udcfe \n'x"
    (tmp_path / name).write_text("here")
    put = pbrun(
        tmp_path, "put", "h0", str(tmp_path / name), f"/{tmp_path}/to-{name}", "-i", str(tmp_path / "hosts.ini")
    )
    assert put.code == 0, put.told()
    get = pbrun(
        tmp_path, "get", "h0", f"{tmp_path}/to-{name}", str(tmp_path / "got"), "-i", str(tmp_path / "hosts.ini")
    )
    assert get.code == 0, get.told()
    assert [path.read_text() for path in (tmp_path / "got").rglob("to-*")] == ["here"]
