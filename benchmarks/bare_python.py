"""The floor where no host has work to do: `python -m benchmarks.bare_python yaml FOLDER|templates HOSTS TASKS`.

A bare YAML parser, bare Jinja2: what the same work costs before anything is planned or logged.
"""

from __future__ import annotations

import sys
from pathlib import Path


def read_yaml(folder: Path) -> None:
    """Parse every YAML file below the folder."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in sorted(folder.rglob("*.yml")):
        print(path.name, len(yaml.load(path.read_text(), loader)))


def render(hosts: int, tasks: int) -> None:
    """Compile every task's template once, render it for every host, print each result."""
    import jinja2

    environment = jinja2.Environment()
    for task in range(tasks):
        template = environment.from_string(f"{{{{ inventory_hostname }}}}-{task}")
        for host in range(hosts):
            print(template.render(inventory_hostname=f"h{host:03}"))


def main(what: str, *words: str) -> int:
    """Do it; the exit code."""
    if what == "yaml":
        read_yaml(Path(words[0]))
    else:
        render(int(words[0]), int(words[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
