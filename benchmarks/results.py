"""Measured figures as JSON, one file a workload, so that each can be measured again by itself."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Run

FOLDER = Path(__file__).with_name("results")


@dataclass(frozen=True, slots=True)
class Figure:
    """What one tool took for one workload: medians of `runs` runs, at a date, with a version."""

    run: Run
    runs: int
    date: str
    version: str


@dataclass(frozen=True, slots=True)
class Result:
    """All tools' figures for a workload, by name, and the machine they are from."""

    workload: str
    machine: Mapping[str, str]
    figures: Mapping[str, Figure]


def this_machine() -> Mapping[str, str]:
    """What figures depend on: processor, cores, system, Python."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": str(os.cpu_count()),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }


def today() -> str:
    """The date, by UTC."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def result_of(workload: str, runs: Mapping[str, Run], counts: Mapping[str, int], versions: Mapping[str, str]) -> Result:
    """What was measured just now; `counts`: runs of each tool."""
    figures = {name: Figure(run, counts[name], today(), versions.get(name, "")) for name, run in runs.items()}
    return Result(workload, this_machine(), figures)


def merged(old: Result | None, new: Result) -> Result:
    """The new figures, and the old ones of tools that were not measured now, if they are from the same machine."""
    if old is None or old.machine != new.machine:
        return new
    return Result(new.workload, new.machine, {**old.figures, **new.figures})


def to_json(result: Result) -> str:
    """The text of a result's file."""
    return json.dumps(asdict(result), indent=1, sort_keys=True) + "\n"


def from_json(text: str) -> Result:
    """A result from its file's text."""
    data: dict[str, Any] = json.loads(text)
    figures = {
        tool: Figure(Run(**found["run"]), found["runs"], found["date"], found["version"])
        for tool, found in data["figures"].items()
    }
    return Result(data["workload"], data["machine"], figures)


def read_all(folder: Path = FOLDER) -> Mapping[str, Result]:
    """What has been measured, by workload."""
    found = [from_json(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return {result.workload: result for result in found}


def keep(result: Result, folder: Path = FOLDER) -> None:
    """Merge a result into its file."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{result.workload}.json"
    old = from_json(path.read_text(encoding="utf-8")) if path.exists() else None
    path.write_text(to_json(merged(old, result)), encoding="utf-8")
