"""A workload as a playbook and an inventory, for pbrun and for Ansible (JSON is YAML)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.site import Site
from benchmarks.startup import write_site
from benchmarks.steps import Copy, Fetch, Folder, Remember, Say, SayEach, Show, Step, Tree
from benchmarks.workloads import Workload


@dataclass(frozen=True, slots=True)
class Written:
    """Where the playbook and its inventory are."""

    playbook: Path
    inventory: Path


def task_of(step: Step, site: Site) -> Mapping[str, Any]:
    """One step as a task."""
    here = site.on_host("{{ inventory_hostname }}", "")
    match step:
        case Say(line, suffix):
            return {"name": f"say {line}", "shell": f"echo {line}{suffix}"}
        case SayEach(lines):
            return {"name": "say each", "shell": "echo {{ item }}", "loop": list(lines)}
        case Folder(path):
            return {"name": f"folder {path}", "file": {"path": here + path, "state": "directory"}}
        case Copy(source, path):
            return {"name": f"copy {path}", "copy": {"src": str(site.sources / source), "dest": here + path}}
        case Tree(source, path):
            return {"name": f"tree {path}", "copy": {"src": f"{site.sources / source}/", "dest": f"{here}{path}/"}}
        case Fetch(path, _):
            dest = f"{site.fetched}/{{{{ inventory_hostname }}}}/{Path(path).name}"
            return {"name": f"fetch {path}", "fetch": {"src": here + path, "dest": dest, "flat": True}}
        case Remember(name):
            return {"name": f"remember {name}", "set_fact": {name: f"{{{{ inventory_hostname }}}}-{name}"}}
        case Show(name):
            return {"name": f"show {name}", "debug": {"msg": f"{{{{ {name} }}}}"}}


def expected(step: Step, host: str) -> tuple[tuple[str, str], ...]:
    """Task names and what each result says of this host."""
    match step:
        case Say(line, _):
            return ((f"say {line}", line),)
        case SayEach(lines):
            return tuple(("say each", line) for line in lines)
        case Remember(name):
            return ((f"remember {name}", ""),)
        case Show(name):
            return ((f"show {name}", f"{host}-{name}"),)
        case _:
            return ()


def write_inventory(site: Site, path: Path) -> None:
    """The hosts and how to log in to them."""
    hosts = {name: {"ansible_host": address, "ansible_port": port} for name, (address, port) in site.hosts.items()}
    shared = {
        "ansible_user": site.farm.user,
        "ansible_ssh_private_key_file": str(site.farm.key),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={site.farm.known_hosts} -o StrictHostKeyChecking=yes",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    path.write_text(json.dumps({"all": {"hosts": hosts, "vars": shared}}, indent=1))


def write_playbook(work: Workload, site: Site, strategy: str) -> Written:
    """Write both; a listing's playbook is the one of `benchmarks.startup`, with its roles."""
    written = Written(site.folder / "playbook.yaml", site.folder / "inventory.yaml")
    write_inventory(site, written.inventory)
    if work.listing:
        return Written(write_site(site.folder / "listed")[0], written.inventory)
    tasks = [task_of(step, site) for step in work.steps]
    play = {"name": work.name, "hosts": "all", "gather_facts": False, "strategy": strategy, "tasks": tasks}
    written.playbook.write_text(json.dumps([play], indent=1))
    return written
