"""pyinfra, as its best users set it up: its deploy file says the same steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.site import Site
from benchmarks.steps import Copy, Fetch, Folder, Say, SayEach, Step, Tree
from benchmarks.tools.tool import Child, Tool, environment
from benchmarks.workloads import Workload

PARALLEL = "50"
# A row of its table: operation, hosts, success, error, no change.
RESULT = re.compile(r"^ +(\S.*?) {2,}(\d+) +(\d+|-) +(\d+|-) +(\d+|-) *$", re.MULTILINE)


def name_of(step: Step) -> str:
    """What a step's operation is called."""
    match step:
        case Say(line, _):
            return f"say {line}"
        case Folder(path) | Copy(_, path) | Tree(_, path) | Fetch(path, _):
            return f"{type(step).__name__} {path}"
        case _:
            return type(step).__name__


def operation(step: Step, site: Site) -> str:
    """One step as a call; `here` is the host's own folder."""
    name = repr(name_of(step))
    match step:
        case Say(line, suffix):
            return f"server.shell(name={name}, commands=[{f'echo {line}{suffix}'!r}])"
        case SayEach(lines):
            return f"server.shell(name={name}, commands={[f'echo {line}' for line in lines]!r})"
        case Folder(path):
            return f"files.directory(name={name}, path=here + {path!r})"
        case Copy(source, path):
            return f"files.put(name={name}, src={str(site.sources / source)!r}, dest=here + {path!r})"
        case Tree(source, path):
            return f"files.sync(name={name}, src={str(site.sources / source)!r}, dest=here + {path!r})"
        case Fetch(path, _):
            dest = f"f'{site.fetched}/{{host.name}}/{Path(path).name}'"
            return f"files.get(name={name}, src=here + {path!r}, dest={dest}, create_local_dir=True)"
        case _:
            raise ValueError(f"pyinfra has nothing like {step}")


def prepare(work: Workload, site: Site) -> Child:
    """Write the inventory and the deploy; the command."""
    farm = site.farm
    shared = {
        "ssh_user": farm.user,
        "ssh_key": str(farm.key),
        "ssh_known_hosts_file": str(site.folder / "pyinfra_known_hosts"),
    }
    hosts = [
        (name, {"ssh_hostname": address, "ssh_port": port, **shared}) for name, (address, port) in site.hosts.items()
    ]
    inventory, deploy = site.folder / "pyinfra_inventory.py", site.folder / "pyinfra_deploy.py"
    inventory.write_text(f"hosts = {hosts!r}\n")
    here = f"here = f'{site.remote}/{{host.name}}/'"
    lines = ["from pyinfra import host", "from pyinfra.operations import files, server", here]
    deploy.write_text("\n".join([*lines, *(operation(step, site) for step in work.steps)]) + "\n")
    program = str(site.environments / "pyinfra" / "bin" / "pyinfra")
    free = ("--no-wait",) if work.strategy == "free" else ()
    command = (program, "--parallel", PARALLEL, "-y", *free, str(inventory), str(deploy))
    return Child(command, environment(site))


def missing_successes(output: str, names: Sequence[str], hosts: int) -> str:
    """What its table of results lacks, or "" when all operations of these names went well on all hosts."""
    rows = {match[1]: match for match in RESULT.finditer(output)}
    for name in names:
        row = rows.get(name)
        if row is None:
            return f"no result of {name!r}"
        success, error, unchanged = (int(row[column].replace("-", "0")) for column in (3, 4, 5))
        if int(row[2]) != hosts or success + unchanged != hosts or error:
            return row[0].strip()
    return ""


def wrong(work: Workload, site: Site, output: Path) -> str:
    """What its table of results lacks."""
    return missing_successes(output.read_text(), [name_of(step) for step in work.steps], len(site.hosts))


PYINFRA = Tool("pyinfra", prepare, wrong, environment="pyinfra")
