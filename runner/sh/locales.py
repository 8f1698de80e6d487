"""Lines of /etc/locale.gen, and the names that `locale -a` has for locales (what locale_gen computes)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from runner.sh.lines import split_text

_LINE: Final = re.compile(r"#?\s*(\S+) (\S+)\s*$")
# `locale -a` writes encodings in a way of its own.
_ENCODINGS: Final = (
    (".utf8", ".UTF-8"),
    (".eucjp", ".EUC-JP"),
    (".iso885915", ".ISO-8859-15"),
    (".cp1251", ".CP1251"),
    (".koi8r", ".KOI8-R"),
    (".armscii8", ".ARMSCII-8"),
    (".euckr", ".EUC-KR"),
    (".gbk", ".GBK"),
    (".gb18030", ".GB18030"),
    (".euctw", ".EUC-TW"),
)


def _one_way(name: str) -> str:
    for short, long in _ENCODINGS:
        name = name.replace(short, long)
    return name


def missing(names: Iterable[str], installed: str) -> list[str]:
    """Those that `locale -a` (its output) does not have."""
    have = {_one_way(line) for line in installed.splitlines()}
    return [name for name in names if _one_way(name) not in have]


def unknown(names: Iterable[str], supported: str) -> list[str]:
    """Those that the text, a list of what there could be, does not name."""
    known = {found[1] for line in supported.splitlines() if (found := _LINE.match(line))}
    return [name for name in names if name not in known]


def edited(text: str, names: Sequence[str], *, present: bool) -> str:
    """/etc/locale.gen with these locales, or with them commented out."""
    for name in names:
        new = f"{name} " if present else f"# {name} "
        pattern = re.compile(rf"^#?[^\S\n]*{re.escape(name)} (?=.)", re.MULTILINE)
        text = pattern.sub(new.replace("\\", r"\\"), text)
    return text


def removed(text: str, names: Sequence[str]) -> str:
    """Ubuntu's list of locales without these."""
    return "".join(line for line in split_text(text) if line.split(" ")[0] not in names)
