"""What a run says it did against what its hosts have: each step once, or reported as one that may have run."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.journal.verify import lines_of, verify
from tests.soak.sites import Site, order_of

DONE = ("ok", "changed", "failed")
CODES = frozenset((0, 2, 4, 6, 99))


@dataclass(slots=True)
class Claims:
    """What a log says of one step on one host: how often it was sent, and how its ends were called."""

    intents: int = 0
    statuses: list[str] = field(default_factory=list)

    def allowed(self) -> tuple[int, ...]:
        """How often it may have run, if that is true."""
        if not self.intents:
            return (0,)
        last = self.statuses[-1] if self.statuses else ""
        if last in DONE:
            return (1,)
        return (0,) if last == "unreachable" and self.intents == len(self.statuses) else (0, 1)


def records(log: Path) -> list[dict[str, Any]]:
    """The whole lines of a log."""
    if not log.exists():
        return []
    lines = log.read_bytes().split(b"\n")[:-1]
    return [json.loads(line) for line in lines]


def claims_of(lines: list[dict[str, Any]]) -> dict[tuple[str, str], Claims]:
    """By host and id (`TASK` or `TASK.ITEM`)."""
    found: dict[tuple[str, str], Claims] = defaultdict(Claims)
    for line in lines:
        if line["type"] not in ("task_intent", "task_result"):
            continue
        name = line["task"] if line.get("item") is None else f"{line['task']}.{line['item']}"
        claims = found[line["host"], name]
        if line["type"] == "task_intent":
            claims.intents += 1
        else:
            claims.statuses.append(line["status"])
    return found


def check(site: Site, log: Path, code: int | None, homes: Mapping[str, Path], fetched: Path) -> Iterator[str]:
    """Everything that is not as it should be when a run (with its resumes) is over."""
    lines = records(log)
    yield from _check_log(log, lines, code)
    claims = claims_of(lines)
    for host, home in homes.items():
        ids = (home / "ids").read_text().split() if (home / "ids").exists() else []
        counts = Counter(ids)
        for one in site.ids:
            claim, ran = claims[host, one], counts.pop(one, 0)
            if ran not in claim.allowed() or (code == 0 and not ran and _last(claim) in DONE):
                yield f"{host}: {one} ran {ran} times, the log says {claim}"
        for one, ran in counts.items():
            if ran > 1 or one not in ("h1", "h2"):
                yield f"{host}: {one} ran {ran} times"
        if site.strategy == "linear" and order_of(ids, site) != sorted(order_of(ids, site)):
            yield f"{host}: out of order: {ids}"
        yield from _check_files(site, claims, host, home, fetched)


def _last(claim: Claims) -> str:
    return claim.statuses[-1] if claim.statuses else ""


def _check_log(log: Path, lines: list[dict[str, Any]], code: int | None) -> Iterator[str]:
    if not lines:
        return
    verdict = verify(lines_of(log))
    if verdict.faults:
        yield f"the log is not whole: {verdict.faults[:3]}"
    end = lines[-1] if lines[-1]["type"] == "run_end" else None
    if code in CODES and (end is None or end["exit_code"] != code):
        yield f"the exit code is {code}, the log ends with {lines[-1]}"
    if end and end["status"] == "ok" and any(line.get("final") and line["status"] == "unreachable"
                                             for line in lines if line["type"] == "task_result"):  # fmt: skip
        yield "the run is called ok, with unreachable hosts in it"


def _check_files(
    site: Site, claims: Mapping[tuple[str, str], Claims], host: str, home: Path, fetched: Path
) -> Iterator[str]:
    """Files are whole or not there, and nothing half lies beside them."""
    for name, content in site.files.items():
        there = (home / name).read_bytes() if (home / name).exists() else None
        if there not in (None, content):
            yield f"{host}: {name} is neither old nor new: {len(there or b'')} of {len(content)} bytes"
        if there is None and _last(claims.get((host, name), Claims())) in ("ok", "changed"):
            yield f"{host}: {name} is not there"
    for name, of in site.fetched.items():
        path = fetched / f"fetched-{name}" / host
        if path.exists() and path.read_bytes() != site.files[of]:
            yield f"{host}: what {name} fetched is not {of}"
    known = {"ids", "tmp", ".pbrun", *site.files}
    names = (path.name for path in home.iterdir() if path.name not in known)
    # Where a resumed run lost a host, its mark stays until it is swept; see `runner.sh.asking`.
    if strange := sorted(name for name in names if not (name.startswith(".pb-") and name.endswith("-over"))):
        yield f"{host}: left in the home: {strange}"
