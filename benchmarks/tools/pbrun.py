"""pbrun as a tool: what it did is read from its log."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.playbook import expected, write_playbook
from benchmarks.site import Site
from benchmarks.tools.tool import Child, Tool, environment
from benchmarks.workloads import Workload

LISTED_TASKS = 1000


def prepare(work: Workload, site: Site) -> Child:
    """Write the playbook; the command."""
    log = site.folder / "log.jsonl"
    log.unlink(missing_ok=True)
    own = (sys.executable, "-m", "runner")
    if work.listing == ("--version",):
        return Child((*own, *work.listing), environment(site))
    written = write_playbook(work, site, work.strategy)
    given = (str(written.playbook), "-i", str(written.inventory))
    rest = work.listing or ("--log", str(log), "--output", "plain")
    return Child((*own, *given, *rest), environment(site))


def missing_results(log: str, work: Workload, hosts: tuple[str, ...]) -> str:
    """What the log lacks, or "" when every step has its result on every host; counts, too, are compared."""
    wanted = {(host, *said) for host in hosts for step in work.steps for said in expected(step, host)}
    counts: dict[str, dict[str, int]] = {}
    for line in log.splitlines():
        record = json.loads(line)
        if record["type"] == "task_result":
            message = record["msg"] if record["module"] == "debug" else record["stdout"].rstrip("\n")
            wanted.discard((record["host"], record["task"], message))
        elif record["type"] == "run_end":
            counts = record["hosts"]
    if not counts:
        return "the log has no end of the run"
    if wanted:
        return f"{len(wanted)} results are missing, the first is {min(wanted)}"
    short = [host for host in hosts if counts.get(host, {}).get("ok") != len(work.steps)]
    return f"{short[0]} has not done all tasks" if short else ""


def wrong(work: Workload, site: Site, output: Path) -> str:
    """What the log, or the listing, lacks."""
    if work.listing == ("--version",):
        return "" if output.read_text().strip() else "no version"
    if work.listing:
        count = output.read_text().count("TAGS: ") - 1
        return "" if count == LISTED_TASKS else f"{count} tasks are listed"
    return missing_results((site.folder / "log.jsonl").read_text(encoding="utf-8"), work, tuple(site.hosts))


PBRUN = Tool("pbrun", prepare, wrong)
