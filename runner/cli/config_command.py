"""`pbrun config`: the settings that hold, and where each was made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from runner.cli import flags
from runner.cli.configured import configured
from runner.model.settings import Row, Settings, rows, used_rows

DESCRIPTION = """\
Prints the settings that somebody made, with their values and where they come from: a variable of the environment,
pbrun.toml or ansible.cfg (the first of these that says something wins; flags win over all).
"""

EXAMPLES = """
  pbrun config                    what is set, and where
  pbrun config --all              every setting that has an effect
  pbrun config --list             what each is called in pbrun.toml, ansible.cfg and the environment
  ANSIBLE_CONFIG=ci.cfg pbrun config --format json
"""


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """Print settings; the exit code."""
    made = flags.Parser("pbrun config", DESCRIPTION, EXAMPLES, usage="pbrun config [--all | --list] [options]")
    made.add_argument("--all", dest="everything", action="store_true", help="also what nobody set")
    made.add_argument("--list", dest="table", action="store_true", help="the table of all settings")
    made.add_argument("--format", choices=("text", "json"), default="text", help="how to print it (default text)")
    made.add_argument("-v", "--verbose", dest="verbosity", action="count", default=0, help="show remarks, too")
    found = made.read(words)
    if found.table:
        entries: Iterator[dict[str, Any]] = map(_described, rows())
    else:
        entries = _held(configured(found.verbosity), found.everything)
    if found.format == "json":
        print(json.dumps(list(entries), indent=2))
        return 0
    for entry in entries:
        print(_row(entry) if found.table else f"{entry['name']}({entry['origin']}) = {entry['value']}")
    return 0


def _held(settings: Settings, everything: bool) -> Iterator[dict[str, Any]]:
    for row in used_rows():
        if everything or row.name in settings.origins:
            value = getattr(settings, row.name)
            shown = list(value) if isinstance(value, tuple) else value
            yield {"name": row.name, "value": shown, "origin": settings.origins.get(row.name, "default")}
    for name, value in settings.others.items():
        yield {"name": name, "value": value, "origin": f"{settings.origins[name]}, without effect"}


def _described(row: Row) -> dict[str, Any]:
    places = [f"[{section}] {key}" for section, _, key in (place.partition(".") for place in row.ini)]
    return {
        "name": row.name if row.use == "used" else "",
        "use": row.use,
        "kind": row.kind,
        "default": list(row.default) if isinstance(row.default, tuple) else row.default,
        "choices": list(row.choices),
        "ansible_cfg": places,
        "environment": list(row.env),
        "doc": row.doc,
    }


def _row(entry: dict[str, Any]) -> str:
    title = entry["name"] or entry["ansible_cfg"][-1]
    lines = [
        f"{title} ({entry['kind']}, default {entry['default']!r})" if entry["name"] else f"{title}: {entry['use']}"
    ]
    lines += [f"    {entry['doc']}"] if entry["doc"] else []
    lines += [f"    one of: {', '.join(entry['choices'])}"] if entry["choices"] else []
    places = [*entry["ansible_cfg"], *(f"${name}" for name in entry["environment"])] if entry["name"] else []
    return "\n".join(lines + ([f"    also: {', '.join(places)}"] if places else []))
