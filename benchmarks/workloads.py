"""The workloads: what is run on how many hosts, as a spec for the floor and as a playbook for pbrun."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.servers import Farm


@dataclass(frozen=True, slots=True)
class Workload:
    """`hosts` x `tasks` commands. `round_trip_ms` 0: no proxy. `goal`: the ratio to the floor that is wanted.

    `suffix` stands behind each command in the playbook: with one, it is a line for a shell that might look at other
    hosts, so every task waits for all of them, and each starts a shell of its own.
    """

    name: str
    hosts: int
    tasks: int
    strategy: str
    round_trip_ms: float
    goal: float
    suffix: str = ""

    def prints(self) -> list[str]:
        """What each host's commands print, in order."""
        return [f"line-{number}" for number in range(self.tasks)]


WORKLOADS = (
    Workload("one", 1, 1, "linear", 0, 1.5),
    Workload("shell", 50, 20, "linear", 0, 1.5),
    Workload("gates", 50, 20, "linear", 0, 4.0, "; :"),
    Workload("wan", 10, 20, "free", 100, 1.3),
)


@dataclass(frozen=True, slots=True)
class Files:
    """Where a workload's files are."""

    spec: Path
    playbook: Path
    inventory: Path


def write_files(work: Workload, farm: Farm, addresses: Sequence[tuple[str, int]], folder: Path) -> Files:
    """Write the floor's spec, the playbook and the inventory (JSON is YAML)."""
    files = Files(folder / "spec.json", folder / "playbook.yaml", folder / "inventory.yaml")
    spec = {
        "hosts": [{"address": address, "port": port} for address, port in addresses],
        "user": farm.user,
        "key": str(farm.key),
        "host_key": str(farm.host_key),
        "commands": [f"echo {line}" for line in work.prints()],
        "prints": work.prints(),
    }
    files.spec.write_text(json.dumps(spec))
    tasks = [{"name": f"say {line}", "shell": f"echo {line}{work.suffix}"} for line in work.prints()]
    play = {"name": work.name, "hosts": "all", "gather_facts": False, "strategy": work.strategy, "tasks": tasks}
    files.playbook.write_text(json.dumps([play], indent=1))
    hosts: dict[str, Any] = {
        f"h{number:03}": {"ansible_host": address, "ansible_port": port}
        for number, (address, port) in enumerate(addresses)
    }
    shared = {
        "ansible_user": farm.user,
        "ansible_ssh_private_key_file": str(farm.key),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={farm.known_hosts} -o StrictHostKeyChecking=yes",
    }
    files.inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": shared}}, indent=1))
    return files


def check_log(path: Path, work: Workload) -> str:
    """What the log says is missing or wrong, or "" when every command ran on every host."""
    wanted = {(f"h{number:03}", f"say {line}", line) for number in range(work.hosts) for line in work.prints()}
    ended = False
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["type"] == "task_result":
            wanted.discard((record["host"], record["task"], record["stdout"].rstrip("\n")))
        ended = ended or record["type"] == "run_end"
    if wanted:
        return f"{len(wanted)} results are missing, the first is {min(wanted)}"
    return "" if ended else "the log has no run_end"
