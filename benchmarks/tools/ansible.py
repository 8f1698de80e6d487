"""ansible-core, as its best users set it up, with its own strategies and with Mitogen's."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from benchmarks.playbook import expected, write_playbook
from benchmarks.site import Site
from benchmarks.tools.tool import Child, Tool, environment
from benchmarks.workloads import Workload

RECORD = "ansible_results.jsonl"
CALLBACKS = Path(__file__).parents[1] / "callbacks"
FORKS = "50"


def settings(site: Site) -> dict[str, str]:
    """Pipelining, many forks, no facts, connections that stay; a callback keeps what results say."""
    configuration = site.folder / "ansible.cfg"
    configuration.write_text("")  # nobody's own settings are measured
    return {
        "ANSIBLE_CONFIG": str(configuration),
        "ANSIBLE_HOME": str(site.folder / "ansible"),
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_FORKS": FORKS,
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_TIMEOUT": "60",
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "record_results",
        "RECORD_RESULTS": str(site.folder / RECORD),
        "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=60s",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(site.folder / "cp"),
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
    }


def prepare(work: Workload, site: Site) -> Child:
    """Write the playbook that pbrun gets, too; the command."""
    program = str(site.environments / "ansible" / "bin" / "ansible-playbook")
    around = environment(site) | settings(site)
    if work.listing == ("--version",):
        return Child((program, *work.listing), around, family=True)
    written = write_playbook(work, site, work.strategy)
    return Child((program, str(written.playbook), "-i", str(written.inventory), *work.listing), around, family=True)


def prepare_mitogen(work: Workload, site: Site) -> Child:
    """The same with Mitogen's strategy of the same name."""
    child = prepare(work, site)
    packages = next((site.environments / "ansible" / "lib").glob("python*/site-packages"))
    strategies = {
        "ANSIBLE_STRATEGY_PLUGINS": str(packages / "ansible_mitogen" / "plugins" / "strategy"),
        "ANSIBLE_STRATEGY": f"mitogen_{work.strategy}",
    }
    written = write_playbook(work, site, f"mitogen_{work.strategy}")
    command = (child.command[0], str(written.playbook), *child.command[2:])
    return Child(command, {**child.environment, **strategies}, family=True)


def missing_results(record: str, work: Workload, hosts: tuple[str, ...]) -> str:
    """What the callback's lines lack, or "" when every step has succeeded on every host and said what it has to."""
    wanted = {(host, *said) for host in hosts for step in work.steps for said in expected(step, host)}
    tasks: dict[str, set[str]] = {host: set() for host in hosts}
    for line in record.splitlines():
        host, task, said = json.loads(line)
        wanted.discard((host, task, said))
        tasks[host].add(task)
    if wanted:
        return f"{len(wanted)} results are missing, the first is {min(wanted)}"
    short = [host for host in hosts if len(tasks[host]) != len(work.steps)]
    return f"{short[0]} has not done all tasks" if short else ""


def wrong(work: Workload, site: Site, _output: Path) -> str:
    """What the callback's record lacks."""
    return "" if work.listing else missing_results((site.folder / RECORD).read_text(), work, tuple(site.hosts))


def tidy(site: Site) -> None:
    """End the connections that ssh keeps."""
    for socket in (site.folder / "cp").glob("*"):
        command = ["ssh", "-O", "exit", "-o", f"ControlPath={socket}", "nobody"]
        subprocess.run(command, capture_output=True, check=False, timeout=10)


ANSIBLE = Tool("ansible", prepare, wrong, tidy, "ansible")
MITOGEN = Tool("mitogen", prepare_mitogen, wrong, tidy, "ansible")
