"""A run that never was, as a log; and a picture of its report: `python -m benchmarks.report_picture docs/report.png`.

The picture needs Chromium (`apt-get install chromium`); no test needs the picture.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from runner.history import gathered
from runner.journal import line
from runner.model.call import Diff, Status
from runner.model.event import (
    Event,
    HostLost,
    Notice,
    PlanMade,
    PlayStart,
    Recap,
    Record,
    RunEnd,
    RunStart,
    TaskResult,
    TaskStart,
)
from runner.reports.html import page

BEGAN = 1_793_000_000.0
TASKS = (
    ("Gather facts", "setup"),
    ("Install the packages", "apt"),
    ("Make the folders", "file"),
    ("Write the configuration", "template"),
    ("Check the configuration", "command"),
    ("Copy the release", "unarchive"),
    ("Migrate the database", "command"),
    ("Link the release", "file"),
    ("Enable the service", "systemd"),
    ("Open the firewall", "ufw"),
    ("Wait for the port", "wait_for"),
    ("Ask for the front page", "uri"),
)
SLOW = {"apt": 4.0, "unarchive": 2.5, "wait_for": 1.2, "setup": 0.4}
CONFIG = "listen 80;\nserver_name {host};\nworker_connections {old};\ngzip on;\n"


def title(number: int) -> str:
    """The name of a task; they repeat, with a number."""
    name = TASKS[number % len(TASKS)][0]
    return name if number < len(TASKS) else f"{name} of part {number // len(TASKS) + 1}"


def result(number: int, host: str, at: float, dice: random.Random) -> TaskResult:
    """What a step came to."""
    module = TASKS[number % len(TASKS)][1]
    took = SLOW.get(module, 0.06) * dice.uniform(0.6, 1.6)
    if module in ("template", "unarchive", "file") and dice.random() < 0.6:
        status = Status.CHANGED
    elif module == "ufw" and dice.random() < 0.3:
        status = Status.SKIPPED
    else:
        status = Status.OK
    changes: tuple[Diff, ...] = ()
    if module == "template" and status is Status.CHANGED:
        after = CONFIG.format(host=host, old=4096)
        changes = (Diff(CONFIG.format(host=host, old=1024), after, "/etc/app.conf", "/etc/app.conf"),)
    said = f"{host}: configuration ok, {dice.randrange(10**6)} keys\n" * 3 if module == "command" else ""
    return TaskResult(
        "Application servers", title(number), f"t{number}", host, module, status, rc=0 if said else None, stdout=said,
        start=at, end=at + took, duration_s=took, changed=status is Status.CHANGED, diff=changes, role="app",
        values={"cmd": ["app", "check", "--all"]} if said else {"path": "/srv/app"}, show_diff=True,
    )  # fmt: skip


def failed(good: TaskResult) -> TaskResult:
    """The same step, gone wrong."""
    error = 'configuration: line 12: unknown directive "worker_conections"\n<b>see</b> app(5)\x1b[0m\n'
    return TaskResult(
        good.play, good.task, good.task_id, good.host, good.module, Status.FAILED, rc=2, stdout="checking…\n",
        stderr=error, start=good.start, end=good.end, duration_s=good.duration_s, role=good.role,
        msg="non-zero return code", values=good.values,
    )  # fmt: skip


def events(hosts: int, tasks: int) -> Iterator[Event]:
    """The run: some hosts fail, one is lost on the way."""
    dice = random.Random(7)
    names = tuple(f"app{number:0{len(str(hosts))}}.example.com" for number in range(1, hosts + 1))
    yield RunStart(
        "0.1.0", ("pbrun", "site.yaml", "-i", "prod.yaml", "--diff"),
        git={"commit": "4f1c2d9e8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e", "branch": "main", "dirty": False},
        user="deploy", controller="ci-runner-3", cwd="/srv/infra", diff=True,
    )  # fmt: skip
    plan = [{"id": f"t{n}", "name": title(n), "module": TASKS[n % len(TASKS)][1]} for n in range(tasks)]
    yield PlanMade(({"name": "Application servers", "strategy": "linear", "hosts": list(names), "tasks": plan},))
    yield PlayStart("Application servers", "p1", names)
    yield Notice("warning", "The password is no hash: it will be stored as it is.", names[0])
    clocks = {name: BEGAN + 0.2 + dice.random() / 3 for name in names}
    counts = {name: Counter[str]() for name in names}
    breaks = {names[0]: 4, names[-1]: 4} if hosts < 10 else dict.fromkeys(names[:: max(9, hosts // 8)], 4)
    lost = names[hosts // 2] if hosts > 2 else ""
    for number in range(tasks):
        place = f"roles/app/tasks/main.yaml:{3 + 5 * number}:3"
        module = TASKS[number % len(TASKS)][1]
        yield TaskStart("Application servers", title(number), f"t{number}", module, place)
        for name in names:
            if counts[name]["failed"] or counts[name]["unreachable"]:
                continue
            made = result(number, name, clocks[name], dice)
            if name == lost and number == min(6, tasks - 1):
                yield HostLost(name, "run", "the connection broke: connection reset by peer")
                made = TaskResult(
                    made.play, made.task, made.task_id, name, made.module, Status.UNREACHABLE, start=made.start,
                    end=made.end, role="app", msg="the connection broke: connection reset by peer",
                )  # fmt: skip
            elif breaks.get(name) == number:
                made = failed(made)
            clocks[name] = made.end + 0.01 * dice.random()
            counts[name][made.status.value] += 1
            counts[name]["ok"] += made.status is Status.CHANGED
            yield made
    recaps = {
        name: Recap(found["ok"], found["changed"], found["unreachable"], found["failed"], found["skipped"])
        for name, found in counts.items()
    }
    yield RunEnd("failed", 2, recaps, max(clocks.values()) - BEGAN)


def records(hosts: int, tasks: int) -> Iterator[Record]:
    """The run as its log has it."""
    at = BEGAN
    for number, event in enumerate(events(hosts, tasks)):
        at = max(at, getattr(event, "end", 0.0))
        yield Record(number, "5f2e9d1c0b7a", at, event)


def picture(html: Path, png: Path, *, dark: bool = False, width: int = 1280, height: int = 1330) -> None:
    """A picture of a page, taken by Chromium without a screen."""
    flags = ["--blink-settings=preferredColorScheme=0"] if dark else []
    words = ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={width},{height}", *flags]
    subprocess.run(
        [*words, "--virtual-time-budget=3000", f"--screenshot={png.absolute()}", html.absolute().as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip


def main(words: list[str]) -> None:
    """`OUT.png` (a picture of 16 hosts), or `OUT.jsonl HOSTS TASKS` (a log)."""
    out = Path(words[0])
    if out.suffix == ".jsonl":
        with out.open("wb") as file:
            file.writelines(line(record) for record in records(int(words[1]), int(words[2])))
        return
    with tempfile.TemporaryDirectory() as folder:
        html = Path(folder, "report.html")
        html.write_text(page(gathered(records(16, 12))))
        picture(html, out)


if __name__ == "__main__":
    main(sys.argv[1:])
