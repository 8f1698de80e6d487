"""Writes `recorded/`: what ansible-core makes of each case. Only cases that are new or changed are run.

`python tests/compat/record.py [NAME ...]` (a case, or a file of cases, is recorded anew); ANSIBLE_PLAYBOOK names the
program (else the one on the PATH, or in /opt/ansible).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.compat.case import (  # noqa: E402
    FOLDER,
    LISTINGS,
    RECORDED,
    Case,
    empty,
    listed,
    load,
    made_files,
    recorded,
    said,
    without,
)

PROGRAM: Final = (
    os.environ.get("ANSIBLE_PLAYBOOK") or shutil.which("ansible-playbook") or "/opt/ansible/bin/ansible-playbook"
)
COUNTS: Final = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored")


def environment(events: Path, home: Path) -> dict[str, str]:
    """What Ansible sees: nothing of the user's configuration."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CALLBACK_PLUGINS": str(FOLDER / "callback"),
        "ANSIBLE_STDOUT_CALLBACK": "compat_record",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_NOCOLOR": "1",
        "COMPAT_EVENTS": str(events),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def run(case: Case) -> dict[str, Any]:
    """Run one case with Ansible, after looking at it."""
    with tempfile.TemporaryDirectory() as place:
        folder, events, home = Path(place, "case"), Path(place, "events"), Path(place, "home")
        empty(folder)
        home.mkdir()
        case.write(folder)
        events.touch()
        env = {**environment(events, home), **case.env}

        def ansible(*flags: str) -> subprocess.CompletedProcess[str]:
            words = [PROGRAM, *case.words, *flags]
            return subprocess.run(
                words, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
            )

        looked = ansible(*LISTINGS)
        listing = listed(looked.returncode, without(folder, looked.stdout))
        syntax = ansible("--syntax-check").returncode
        done = ansible()
        found: dict[str, Any] = {
            "code": done.returncode,
            "recap": {},
            "hosts": {},
            "listing": listing,
            "syntax": syntax,
        }
        for line in map(json.loads, events.read_text().splitlines()):
            if isinstance(line, dict):
                found["recap"][line["recap"]] = dict(zip(COUNTS, line["counts"], strict=True))
            else:
                found["hosts"].setdefault(line[0], []).append(said(folder, *line[1:]))
        found["files"] = made_files(case, folder)
        if not found["hosts"]:
            sys.stderr.write(f"{case.name}: {done.stderr[-600:]}\n")
        return found


def main(names: list[str]) -> None:
    """Record what is missing or named."""
    known, cases = recorded(), load()
    fresh = [
        case
        for case in cases.values()
        if known.get(case.name, {}).get("digest") != case.digest or {case.name, case.stem} & set(names)
    ]
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    with ThreadPoolExecutor(2) as pool:
        for case, found in zip(fresh, pool.map(run, fresh), strict=True):
            known[case.name] = {"digest": case.digest, **found}
    RECORDED.mkdir(exist_ok=True)
    stems = {case.stem for case in cases.values()}
    for stem in {case.stem for case in fresh}:
        own = {name: known[name] for name, case in cases.items() if case.stem == stem}
        text = json.dumps({"ansible_core": version, "cases": own}, indent=1, sort_keys=True)
        (RECORDED / f"{stem}.json").write_text(text + "\n")
    for path in RECORDED.glob("*.json"):
        if path.stem not in stems:
            path.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
