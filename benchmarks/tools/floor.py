"""The floor as a tool: bare paramiko, bare Python, or scp."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.site import Site
from benchmarks.startup import write_site
from benchmarks.steps import Copy, Fetch, Folder, Remember, Show, Step, Tree, printed
from benchmarks.tools.tool import Child, Tool, environment
from benchmarks.workloads import Workload

SHELL = "exec /bin/sh -s"
END = "end-of-this-file"


def shell_lines(step: Step, site: Site) -> str:
    """One step as text for a shell; a small file is a here-document."""
    here = site.on_host("@HOST@", "")
    match step:
        case Folder(path):
            return f"mkdir -p {here}{path}\n"
        case Copy(source, path):
            return f"cat >{here}{path} <<'{END}'\n{(site.sources / source).read_text()}{END}\n"
        case Fetch(path, _):
            return f"cat {here}{path}\n"
        case _:
            return "".join(f"echo {line}\n" for line in printed(step))


def tree_spec(tree: Tree, site: Site, again: bool) -> dict[str, Any]:
    """A tree is a tar stream; where nothing changes it is one look at all checksums."""
    top, there = site.sources / tree.source, site.on_host("@HOST@", tree.path)
    if not again:
        return {"command": f"mkdir -p {there} && tar -xf - -C {there}", "tar": str(top)}
    files = [path for path in top.rglob("*") if path.is_file()]
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(top)}\n" for path in files]
    return {"command": f"cd {there} && sha256sum -c --status - && echo same", "text": "".join(sums), "prints": ["same"]}


def spec_of(work: Workload, site: Site) -> dict[str, Any]:
    """What bare paramiko reads; see its program."""
    farm = site.farm
    spec: dict[str, Any] = {
        "hosts": [{"name": name, "address": there, "port": port} for name, (there, port) in site.hosts.items()],
        "user": farm.user,
        "key": str(farm.key),
        "host_key": str(farm.host_key),
        "threads": 50,
        "held": work.held,
        "command": SHELL,
        "text": "".join(shell_lines(step, site) for step in work.steps),
        "tar": "",
        "prints": [line for step in work.steps for line in printed(step)],
        "save": "",
    }
    for step in work.steps:
        if isinstance(step, Fetch):
            spec["save"] = f"{site.fetched}/@HOST@/{Path(step.path).name}"
        elif isinstance(step, Tree):
            spec.update(tree_spec(step, site, work.again))
    return spec


def copied(work: Workload, site: Site) -> tuple[str, ...]:
    """The files there and back by scp."""
    (host, (address, port)), *_ = site.hosts.items()
    farm = site.farm
    scp = f"scp -q -P {port} -i {farm.key} -o UserKnownHostsFile={farm.known_hosts} -o StrictHostKeyChecking=yes"
    lines = []
    for step in work.steps:
        if isinstance(step, Copy):
            lines.append(f"{scp} {site.sources / step.source} {farm.user}@{address}:{site.on_host(host, step.path)}")
        elif isinstance(step, Fetch):
            lines.append(f"mkdir -p {site.fetched / host}")
            lines.append(f"{scp} {farm.user}@{address}:{site.on_host(host, step.path)} {site.fetched / host}/")
    return ("sh", "-ec", "\n".join(lines))


def command(work: Workload, site: Site) -> tuple[str, ...]:
    """The floor's command for a workload."""
    bare = (sys.executable, "-m", "benchmarks.bare_python")
    if work.listing == ("--version",):
        return (sys.executable, "-c", "pass")
    if work.listing:
        return (*bare, "yaml", str(write_site(site.folder / "listed")[0].parent))
    if any(isinstance(step, Remember | Show) for step in work.steps):
        return (*bare, "templates", str(work.hosts), str(len(work.steps)))
    if work.name == "bulk":
        return copied(work, site)
    spec = site.folder / "spec.json"
    spec.write_text(json.dumps(spec_of(work, site)))
    return (sys.executable, "-m", "benchmarks.bare_paramiko", str(spec))


def prepare(work: Workload, site: Site) -> Child:
    """The command, and the environment that pbrun has, too."""
    return Child(command(work, site), environment(site))


def wrong(work: Workload, _site: Site, output: Path) -> str:
    """Bare paramiko compares the answers itself; bare templates are counted here."""
    if any(isinstance(step, Remember | Show) for step in work.steps):
        count = len(output.read_text().splitlines())
        return "" if count == work.hosts * len(work.steps) else f"it printed {count} lines"
    return ""


FLOOR = Tool("floor", prepare, wrong)
