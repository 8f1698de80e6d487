"""ansible.cfg: sections of `key = value` as Python's configparser reads them, which is what Ansible uses.

Source: https://docs.ansible.com/ansible/latest/reference_appendices/config.html
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from runner.configuration.given import Given, Source
from runner.model.settings import rows
from runner.model.span import Problem, Span

if TYPE_CHECKING:
    import configparser

_SECTION: Final = re.compile(r"\[(?P<name>[^\]]+)\]")
_KEY: Final = re.compile(r"(?P<name>[^\s:=#;\[][^:=]*?)\s*[:=]")
# Sections in which every key may be one that some plug-in or another program wants.
_KNOWN_SECTIONS: Final = ("defaults", "inventory", "privilege_escalation", "ssh_connection", "tags", "diff")


def read(data: bytes, path: str) -> Source:
    """What an ansible.cfg sets. Keys that pbrun does not know are remarks."""
    import configparser

    parser = configparser.ConfigParser(inline_comment_prefixes=(";",))
    try:
        text = data.decode("utf-8-sig")
        parser.read_string(text)
    except UnicodeDecodeError as error:
        return _wrong(path, data.count(b"\n", 0, error.start) + 1, "the file is not UTF-8 text")
    except configparser.DuplicateOptionError as error:
        return _wrong(path, error.lineno or 1, f"{error.option!r} stands twice in [{error.section}]")
    except configparser.DuplicateSectionError as error:
        return _wrong(path, error.lineno or 1, f"the section [{error.section}] stands twice")
    except configparser.MissingSectionHeaderError as error:
        return _wrong(path, error.lineno, "this line is in no section", "begin with [defaults]")
    except configparser.ParsingError as error:
        return _wrong(path, error.errors[0][0], "this line is not of the form key = value")
    lines = {place: number for number, place in _places(text)}
    given = list(_given(parser, lines, path))
    return Source(given, (), tuple(_unknown(parser, lines, path)))


def _given(parser: configparser.ConfigParser, lines: Mapping[str, int], path: str) -> Iterator[Given]:
    for row in rows():
        for place in row.ini:
            value = _value(parser, place)
            if value is not None:
                yield Given(row, value, Span(path, lines.get(place, 1)), path, posixpath.dirname(path))


def _value(parser: configparser.ConfigParser, place: str) -> str | None:
    section, _, key = place.partition(".")
    return parser.get(section, key, raw=True, fallback=None)


def _unknown(parser: configparser.ConfigParser, lines: Mapping[str, int], path: str) -> Iterator[Problem]:
    known = {place for row in rows() for place in row.ini}
    for section in parser.sections():
        for key in parser[section] if section in _KNOWN_SECTIONS else ():
            if f"{section}.{key}" not in known:
                span = Span(path, lines.get(f"{section}.{key}", 1))
                yield Problem(span, f"the setting {key!r} of [{section}] has no effect here", level="warning")


def _places(text: str) -> Iterator[tuple[int, str]]:
    """Each key as `section.key`, with its line."""
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _SECTION.match(line):
            section = header["name"]
        elif key := _KEY.match(line):
            yield number, f"{section}.{key['name'].lower()}"


def _wrong(path: str, line: int, message: str, hint: str = "") -> Source:
    return Source(problems=(Problem(Span(path, line), message, hint),))
