"""Writes `commands.json`: what ansible-inventory makes of the command lines of `commands.yaml`.

`python tests/inventory/record.py`; the program on the PATH is taken.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.inventory.commands import RECORDED, load, words, write  # noqa: E402
from tests.inventory.reference import programs  # noqa: E402


def ask(files: dict[str, str], line: str) -> dict[str, Any]:
    """Exit code and output of ansible-inventory."""
    with tempfile.TemporaryDirectory() as place:
        write(Path(place), files)
        env = {"PATH": os.environ["PATH"], "HOME": place, "LC_ALL": "C.UTF-8"}
        command = [str(programs() / "ansible-inventory"), *words(line)]
        done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, check=False)
        return {"code": done.returncode, "out": done.stdout.replace(place, "{case}")}


if __name__ == "__main__":
    asked = [(name, line, case["files"]) for name, case in load().items() for line in case["args"]]
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda one: ask(one[2], one[1]), asked)
        found = {f"{name}: {line}": answer for (name, line, _), answer in zip(asked, answers, strict=True)}
    RECORDED.write_text(json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
