"""`python -m benchmarks.coverage`: how many tasks of real playbooks find their module; `--write` tells README.md."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from runner import registry

COUNTS = Path(__file__).with_name("module_use.txt")
README = Path(__file__).parent.parent / "README.md"
MARKS = ("<!-- coverage -->\n", "<!-- /coverage -->")
# How many of the most used modules a row of the table is about.
ROWS = (10, 20, 40)


def counted() -> Mapping[str, int]:
    """Module → tasks that use it, the most used first."""
    lines = COUNTS.read_text(encoding="utf-8").splitlines()
    pairs = [line.split() for line in lines if line and not line.startswith("#")]
    return dict(sorted(((name, int(number)) for name, number in pairs), key=lambda pair: -pair[1]))


def share(names: Sequence[str], counts: Mapping[str, int]) -> float:
    """The share of these modules' tasks that have a module here."""
    return sum(counts[name] for name in names if registry.known("modules", name)) / sum(counts[name] for name in names)


def table() -> str:
    """The table as Markdown."""
    counts = counted()
    names = list(counts)
    rows = [(f"the {number} most used", names[:number]) for number in ROWS] + [(f"all {len(names)} counted", names)]
    lines = ["| Modules | Tasks | Have a module |", "| --- | ---: | ---: |"]
    for what, chosen in rows:
        lines.append(f"| {what} | {sum(counts[name] for name in chosen):,} | {share(chosen, counts):.1%} |")
    missing = [f"`{name}` ({counts[name]})" for name in names if not registry.known("modules", name)]
    return "\n".join(lines) + f"\n\nWithout one: {', '.join(missing) or 'none'}.\n"


def written(text: str) -> str:
    """The README with the table as it is now."""
    pattern = re.compile(f"{re.escape(MARKS[0])}.*?{re.escape(MARKS[1])}", re.DOTALL)
    return pattern.sub(lambda _: MARKS[0] + table() + MARKS[1], text)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table, or write it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    if parser.parse_args(argv).write:
        README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(table(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
