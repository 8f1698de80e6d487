"""Playbooks that a seed makes up: each step leaves its own name on its host once, so that it can be counted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

SERIALS = (None, None, None, 1, 2)
STRATEGIES = ("linear", "linear", "free")


@dataclass(slots=True)
class Site:
    """A playbook, and what it leaves: `ids` in their order, `files` with their content, `fetched` names."""

    tasks: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    fetched: dict[str, str] = field(default_factory=dict)
    strategy: str = "linear"
    serial: int | None = None

    def play(self) -> str:
        """The playbook's text (JSON is YAML)."""
        handlers = [{"name": f"h{n}", "shell": f"echo h{n} >> ids"} for n in (1, 2)]
        play = {"hosts": "all", "gather_facts": False, "strategy": self.strategy, "tasks": self.tasks}
        if self.serial:
            play["serial"] = self.serial
        return json.dumps([{**play, "handlers": handlers}], indent=1)


def make_site(rng: Random, folder: Path) -> Site:
    """A playbook of 3 to 14 steps of all kinds; what it copies lies in `folder`."""
    site = Site(strategy=rng.choice(STRATEGIES), serial=rng.choice(SERIALS))
    kinds = (_shell, _shell, _shell, _loop, _loop, _copy, _copy_file, _fails, _job, _prints, _slow, _fetch)
    for number in range(rng.randrange(3, 15)):
        rng.choice(kinds)(site, f"t{number}", rng, folder)
    if rng.random() < 0.5:
        for task in rng.sample(site.tasks, min(2, len(site.tasks))):
            if "shell" in task and "async" not in task:
                task["notify"] = rng.choice(("h1", "h2"))
    return site


def _shell(site: Site, name: str, rng: Random, folder: Path) -> None:  # noqa: ARG001
    site.ids.append(name)
    site.tasks.append({"name": name, "shell": f"echo {name} >> ids", "register": f"r_{name}"})


def _slow(site: Site, name: str, rng: Random, folder: Path) -> None:  # noqa: ARG001
    site.ids.append(name)
    site.tasks.append({"name": name, "shell": f"sleep {rng.uniform(0.05, 0.8):.2f}; echo {name} >> ids"})


def _loop(site: Site, name: str, rng: Random, folder: Path) -> None:  # noqa: ARG001
    items = list(range(rng.randrange(1, 12)))
    site.ids += [f"{name}.{item}" for item in items]
    site.tasks.append({"name": name, "shell": f"echo {name}.{{{{ item }}}} >> ids", "loop": items})


def _copy(site: Site, name: str, rng: Random, folder: Path) -> None:  # noqa: ARG001
    content = f"{name} {'x' * rng.randrange(40_000)}\n"
    site.files[name] = content.encode()
    site.tasks.append({"name": name, "copy": {"content": content, "dest": f"~/{name}"}})


def _copy_file(site: Site, name: str, rng: Random, folder: Path) -> None:
    content = rng.randbytes(rng.choice((300, 70_000, 600_000)))
    (folder / name).write_bytes(content)
    site.files[name] = content
    site.tasks.append({"name": name, "copy": {"src": str(folder / name), "dest": f"~/{name}", "mode": "0640"}})


def _fails(site: Site, name: str, rng: Random, folder: Path) -> None:  # noqa: ARG001
    first, second = f"{name}a", f"{name}b"
    site.ids += [first, second]
    inside = [{"name": first, "shell": f"echo {first} >> ids; exit 3"}]
    site.tasks.append({"block": inside, "rescue": [{"name": second, "shell": f"echo {second} >> ids"}]})


def _job(site: Site, name: str, rng: Random, folder: Path) -> None:  # noqa: ARG001
    site.ids.append(name)
    text = f"sleep {rng.uniform(0, 0.6):.2f}; echo {name} >> ids"
    site.tasks.append({"name": name, "shell": text, "async": 60, "poll": 1})


def _prints(site: Site, name: str, rng: Random, folder: Path) -> None:  # noqa: ARG001
    site.ids.append(name)
    size = rng.choice((1000, 100_000, 1_500_000))
    site.tasks.append({"name": name, "shell": f"echo {name} >> ids; head -c {size} /dev/zero | tr '\\0' y; echo"})


def _fetch(site: Site, name: str, rng: Random, folder: Path) -> None:
    if not site.files:
        return _copy(site, name, rng, folder)
    of = rng.choice(sorted(site.files))
    site.fetched[name] = of
    dest = f"{folder}/fetched-{name}/{{{{ inventory_hostname }}}}"
    site.tasks.append({"name": name, "fetch": {"src": f"~/{of}", "dest": dest, "flat": True}})
    return None


def order_of(ids: Sequence[str], site: Site) -> list[int]:
    """Where each id stands in the playbook; handlers are left out."""
    places = {one: number for number, one in enumerate(site.ids)}
    return [places[one] for one in ids if one in places]
