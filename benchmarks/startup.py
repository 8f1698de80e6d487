"""`python -m benchmarks.startup`: what happens before the first host is asked: start, listing, planning.

No connection is opened. The playbook has 1,000 tasks in 100 roles, with defaults, handlers, templates, loops and
conditions; ansible-playbook lists it too, where it is installed, for comparison.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.measure import Run, middle, run_child

ROLES = 100
TASKS_A_ROLE = 10
HOSTS = 1000
KINDS = (
    """\
- name: Install configuration {task} of service {role}
  copy:
    dest: "/etc/svc{role}/conf{task}"
    content: "port={{{{ role{role}_port }}}} name={{{{ role{role}_name }}}}"
    mode: "0644"
  notify: restart service {role}
  tags: [config]
""",
    """\
- name: Create folder {task} of service {role}
  ansible.builtin.file:
    path: "/srv/svc{role}/{{{{ item }}}}"
    state: directory
  loop: [a, b, c]
  when: role{role}_port | int > 80
""",
    """\
- name: Ask service {role} about {task}
  command: echo {{{{ role{role}_name }}}} {task}
  register: answer_{role}_{task}
  changed_when: false
""",
)


def write_site(folder: Path) -> tuple[Path, Path]:
    """The playbook and its inventory."""
    names = [f"role{number:03}" for number in range(ROLES)]
    for number, name in enumerate(names):
        files = {
            "tasks": "".join(KINDS[task % 3].format(role=number, task=task) for task in range(TASKS_A_ROLE)),
            "defaults": f'role{number}_port: {8000 + number}\nrole{number}_name: "svc-{{{{ inventory_hostname }}}}"\n',
            "handlers": f"- name: restart service {number}\n  command: systemctl restart svc{number}\n",
        }
        for kind, text in files.items():
            path = folder / "roles" / name / kind / "main.yml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    site, hosts = folder / "site.yml", folder / "hosts"
    site.write_text("- hosts: all\n  gather_facts: false\n  roles: [" + ", ".join(names) + "]\n")
    hosts.write_text(f"[all]\nh[0001:{HOSTS}]\n")
    return site, hosts


def timed(command: Sequence[str], folder: Path, runs: int) -> Run:
    """The medians of several runs after one that does not count."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": str(Path.cwd()), "XDG_STATE_HOME": str(folder / "state")}
    done = [run_child(command, folder / "out", environment) for _ in range(runs + 1)][1:]
    if any(run.exit_code for run in done):
        raise SystemExit((folder / "out").read_text()[-2000:])
    return middle(done)


def planning(site: Path, hosts: Path, runs: int) -> tuple[float, int]:
    """Seconds of CPU that the plan of all tasks for all hosts takes (files read before), and its nodes."""
    from runner.model.options import Options
    from runner.plan.build import make_plan
    from runner.preparation import prepare

    options = Options(playbooks=(str(site),), inventories=(str(hosts),))
    ready = prepare(options)
    took = []
    for _ in range(runs):
        begun = time.process_time()
        plan = make_plan(ready.playbook, ready.inventory, options, ready.templar)
        took.append(time.process_time() - begun)
    return median(took), sum(len(play.nodes) for play in plan.plays)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default 5)")
    runs = max(1, parser.parse_args(argv).runs)
    folder = Path(tempfile.mkdtemp(prefix="pbrun-bench-"))
    try:
        site, hosts = write_site(folder)
        own = [sys.executable, "-m", "runner"]
        listing = [str(site), "-i", "h1,", "--list-tasks"]
        commands = {"--version": [*own, "--version"], "--list-tasks, 1,000 tasks of 100 roles": [*own, *listing]}
        if peer := shutil.which("ansible-playbook"):
            commands["the same by ansible-playbook"] = [peer, *listing]
        for what, command in commands.items():
            run = timed(command, folder, runs)
            print(f"{what:<42} {run.wall_s:>6.2f} s {run.cpu_s:>6.2f} s of CPU {run.memory_mib:>6.0f} MiB", flush=True)
        seconds, nodes = planning(site, hosts, runs)
        print(f"plan of {nodes} nodes for {HOSTS} hosts{'':<14} {seconds:>6.3f} s of CPU")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
