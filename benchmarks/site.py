"""Where a workload takes place: servers, sources, what arrived; and whether all of it did arrive."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import BENCH_UID, Farm
from benchmarks.steps import Copy, Fetch, Folder, Step, Tree
from benchmarks.workloads import BULK_BYTES, MIB, TREE_FILES, Workload


@dataclass(frozen=True, slots=True)
class Site:
    """The hosts (by name) of one workload and the folders here and there; `folder` is for the tools' own files,
    `environments` has the peers' virtual ones."""

    farm: Farm
    hosts: dict[str, tuple[str, int]]
    folder: Path
    sources: Path
    fetched: Path
    remote: Path
    environments: Path

    def on_host(self, host: str, path: str) -> str:
        """A path of a host; all hosts are one machine, so each has a folder of its own."""
        return f"{self.remote}/{host}/{path}"


def site_of(farm: Farm, addresses: Sequence[tuple[str, int]], folder: Path, environments: Path) -> Site:
    """The site in `folder`, its hosts named h000, h001 …"""
    hosts = {f"h{number:03}": address for number, address in enumerate(addresses)}
    return Site(farm, hosts, folder, folder / "sources", folder / "fetched", farm.home / "hosts", environments)


def sources_of(step: Step) -> str:
    """The source that a step needs, or ""."""
    return step.source if isinstance(step, Copy | Tree) else ""


def write_sources(work: Workload, site: Site) -> None:
    """The sources that the workload's steps need, unless they are there."""
    for name in {sources_of(step).partition("/")[0] for step in work.steps} - {""}:
        folder = site.sources / name
        if folder.exists():
            continue
        folder.mkdir(parents=True)
        if name == "small":
            for number in range(10):
                (folder / f"conf-{number}").write_text(f"# {number}\n" + f"port = {8000 + number}\n" * 20)
        elif name == "tree":
            for number in range(TREE_FILES):
                path = folder / f"part-{number // 50:02}" / f"file-{number:04}"
                path.parent.mkdir(exist_ok=True)
                path.write_text(f"{number}\n" + "some text that fills a small file\n" * 8)
        else:
            block = os.urandom(MIB)
            with (folder / "file").open("wb") as file:
                for number in range(BULK_BYTES // MIB):
                    file.write(number.to_bytes(8, "big") + block[8:])


def clear(work: Workload, site: Site) -> None:
    """Forget what earlier runs left behind, unless the workload is about just that."""
    if not work.again:
        shutil.rmtree(site.fetched, ignore_errors=True)
        shutil.rmtree(site.remote, ignore_errors=True)
    site.fetched.mkdir(exist_ok=True)
    for folder in (site.remote, *(site.remote / host for host in site.hosts)):
        folder.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            os.chown(folder, BENCH_UID, BENCH_UID)


def pairs(work: Workload, site: Site, host: str) -> Iterator[tuple[Path, Path]]:
    """Each file that must have arrived, and the source whose bytes it must have."""
    there = site.remote / host
    for step in work.steps:
        if isinstance(step, Copy):
            yield there / step.path, site.sources / step.source
        elif isinstance(step, Fetch):
            yield site.fetched / host / Path(step.path).name, site.sources / step.source
        elif isinstance(step, Tree):
            top = site.sources / step.source
            for source in sorted(path for path in top.rglob("*") if path.is_file()):
                yield there / step.path / source.relative_to(top), source


def missing_work(work: Workload, site: Site) -> str:
    """The first folder or file that is not what the workload's steps make, or "" when all are right."""
    filecmp.clear_cache()
    for host in site.hosts:
        for step in work.steps:
            if isinstance(step, Folder) and not (site.remote / host / step.path).is_dir():
                return f"{host} has no folder {step.path}"
        for arrived, source in pairs(work, site, host):
            if not arrived.is_file():
                return f"{host}: {arrived} is missing"
            if not filecmp.cmp(arrived, source, shallow=False):
                return f"{host}: {arrived} is not like {source.name}"
    return ""
