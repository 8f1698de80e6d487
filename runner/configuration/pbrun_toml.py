"""pbrun.toml: the same settings under their own names, without sections; whatever is not known is a mistake.

Syntax: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import posixpath
import re
from typing import Final

from runner.configuration.given import Given, Source
from runner.model.settings import rows, used_rows
from runner.model.span import Problem, Span
from runner.registry import nearest

_KEY: Final = re.compile(r"""\s*(?:\[+\s*)?["']?(?P<name>[\w-]+)""")
_AT_LINE: Final = re.compile(r" \(at line (\d+), column (\d+)\)$")


def read(data: bytes, path: str) -> Source:
    """What a pbrun.toml sets."""
    import tomllib

    try:
        text = data.decode("utf-8")
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        return Source(problems=(Problem(Span(path, data.count(b"\n", 0, error.start) + 1), "the file is not UTF-8"),))
    except tomllib.TOMLDecodeError as error:
        place = _AT_LINE.search(str(error))
        span = Span(path, int(place[1]), int(place[2])) if place else Span(path)
        return Source(problems=(Problem(span, _AT_LINE.sub("", str(error)).lower()),))
    known = {row.name: row for row in used_rows()}
    given, problems = [], []
    for name, value in document.items():
        span = _span(text, name, path)
        if isinstance(value, dict):
            problems.append(Problem(span, f"there is no section [{name}]", "write the settings without sections"))
        elif name in known:
            given.append(Given(known[name], value, span, path, posixpath.dirname(path)))
        else:
            problems.append(Problem(span, f"there is no setting {name!r}", _hint(name)))
    return Source(given, problems)


def _span(text: str, name: str, path: str) -> Span:
    for number, line in enumerate(text.splitlines(), start=1):
        found = _KEY.match(line)
        if found and found["name"] == name:
            return Span(path, number, found.start("name") + 1)
    return Span(path)


def _hint(name: str) -> str:
    if any(place.endswith(f".{name}") and row.use != "used" for row in rows() for place in row.ini):
        return "nothing here needs it"
    return nearest(name, [row.name for row in used_rows()]) or "`pbrun config --all` lists them"
