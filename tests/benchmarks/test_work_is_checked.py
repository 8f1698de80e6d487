"""A benchmark counts only work that was done: whatever is missing is found, in each tool's own words."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import workloads
from benchmarks.playbook import expected
from benchmarks.servers import Farm
from benchmarks.site import Site, missing_work, site_of, write_sources
from benchmarks.tools import ansible, pbrun, pyinfra
from benchmarks.tools.floor import shell_lines
from benchmarks.workloads import WORKLOADS

FILES = replace(WORKLOADS["files"], hosts=2)
CONTROL = replace(WORKLOADS["control"], hosts=2)
HOSTS = ("h000", "h001")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Two hosts that are folders here."""
    farm = Farm((("127.0.1.1", 1), ("127.0.1.2", 1)), "me", tmp_path / "home", tmp_path, tmp_path, tmp_path)
    return site_of(farm, farm.addresses, tmp_path, tmp_path)


def do_files(site: Site) -> None:
    """What bare paramiko does for `files`, by this machine's shell."""
    write_sources(FILES, site)
    for host in site.hosts:
        (site.remote / host).mkdir(parents=True)
        text = "".join(shell_lines(step, site) for step in FILES.steps).replace("@HOST@", host)
        run = subprocess.run(["/bin/sh", "-s"], input=text, capture_output=True, text=True, check=True)
        said, fetched = "".join(f"line-{number}\n" for number in range(5)), site.fetched / host / "conf-0"
        assert run.stdout.startswith(said)
        fetched.parent.mkdir(parents=True)
        fetched.write_text(run.stdout.removeprefix(said))


def test_the_floor_does_all_the_work(site: Site) -> None:
    do_files(site)
    assert missing_work(FILES, site) == ""


@pytest.mark.parametrize(("host", "lost"), [("h001", "home/hosts/h001/etc/conf-3"), ("h000", "fetched/h000/conf-0")])
def test_a_missing_file_is_found(site: Site, host: str, lost: str) -> None:
    do_files(site)
    (site.folder / lost).unlink()
    assert missing_work(FILES, site) == f"{host}: {site.folder / lost} is missing"


def test_a_file_with_other_bytes_is_found(site: Site) -> None:
    do_files(site)
    path = site.remote / "h001" / "etc" / "conf-9"
    path.write_text(path.read_text()[:-1] + "!")
    assert "conf-9 is not like conf-9" in missing_work(FILES, site)


def test_a_tree_lacks_one_file(site: Site) -> None:
    tree = WORKLOADS["tree"]
    write_sources(tree, site)
    assert len([path for path in (site.sources / "tree").rglob("*") if path.is_file()]) == workloads.TREE_FILES
    assert "is missing" in missing_work(tree, site)


def log_of(steps: int, said: str = "") -> str:
    """A log of pbrun with results for the first steps of CONTROL on both hosts; `said` instead of what they say."""
    results = [(host, *say) for host in HOSTS for step in CONTROL.steps[:steps] for say in expected(step, host)]
    lines = [
        {"type": "task_result", "host": host, "task": task, "module": "debug", "msg": said or text, "stdout": ""}
        for host, task, text in results
    ]
    end = {"type": "run_end", "hosts": {host: {"ok": steps} for host in HOSTS}}
    return "\n".join(json.dumps(line) for line in [*lines, end])


@pytest.mark.parametrize(
    ("log", "wrong"),
    [
        (log_of(50), ""),
        (log_of(49), "2 results are missing, the first is ('h000', 'show fact_24', 'h000-fact_24')"),
        (log_of(50, "something else"), "100 results are missing, the first is ('h000', 'remember fact_0', '')"),
        (log_of(50).rpartition("\n")[0], "the log has no end of the run"),
    ],
)
def test_results_that_pbrun_lacks(log: str, wrong: str) -> None:
    assert pbrun.missing_results(log, CONTROL, HOSTS) == wrong


def test_tasks_without_words_are_counted() -> None:
    folders = replace(FILES, steps=FILES.steps[:1])
    end = {"type": "run_end", "hosts": {"h000": {"ok": 1}, "h001": {"ok": 0}}}
    assert pbrun.missing_results(json.dumps(end), folders, HOSTS) == "h001 has not done all tasks"
    record = json.dumps(["h000", "folder etc", ""])
    assert ansible.missing_results(record, folders, HOSTS) == "h001 has not done all tasks"


TABLE = """\
--> Results:
    Operation     Hosts   Success   Error   No Change
    say line-0    2       {}         {}       {}
    Grand total   2       2         -       -
"""


@pytest.mark.parametrize(("row", "well"), [(("2", "-", "-"), True), (("1", "-", "1"), True), (("1", "1", "-"), False)])
def test_pyinfra_tells_successes(row: tuple[str, str, str], well: bool) -> None:
    lack = pyinfra.missing_successes(TABLE.format(*row), ["say line-0"], 2)
    assert (lack == "") is well
    assert pyinfra.missing_successes(TABLE.format(*row), ["say line-1"], 2) == "no result of 'say line-1'"
