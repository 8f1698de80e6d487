"""Arguments written as one text: `src=a dest="b c"`, and free text with a few options in it (`echo hi chdir=/tmp`).

Quotes and Jinja braces hold a value together, backslash escapes are read in values, as Ansible does
(https://docs.ansible.com/ansible/latest/reference_appendices/playbooks_keywords.html, "free form").
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable
from typing import Final

from runner.model.quick import dataclass

# What is taken out of the free text of command, shell, raw and script; any other k=v belongs to the command.
COMMAND_OPTIONS: Final = frozenset(
    {"creates", "removes", "chdir", "executable", "warn", "stdin", "stdin_add_newline", "strip_empty_ends"}
)

_PIECE: Final = re.compile(r"[^ \n]+")
_QUOTE: Final = re.compile(r"(?<!\\)['\"]")
_EQUALS: Final = re.compile(r"(?<=[^\\])=")
_ESCAPE: Final = re.compile(
    r"\\(?:U[0-9a-fA-F]{8}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|N\{[^}]+\}|[\\'\"abfnrtv])",
)
_MARKS: Final = (("{{", "}}"), ("{%", "%}"), ("{#", "#}"))


class ArgumentsTextError(ValueError):
    """The text cannot be split: a quote or a Jinja block is not closed. `offset` is where it begins."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Pair:
    """One `name=value`, its value unquoted; `offset` counts characters from the start of the text."""

    name: str
    value: str
    offset: int


@dataclass(frozen=True, slots=True)
class ArgumentsText:
    """What a text came to: its pairs, and the free text that is left (None: there is none)."""

    pairs: tuple[Pair, ...]
    free: str | None = None
    free_offset: int = 0


def parse_arguments(text: str, only: Collection[str] | None = None) -> ArgumentsText:
    """Split `text` into pairs and free text. `only`: the names that are options; others stay in the free text.

    Raises ArgumentsTextError.
    """
    words = split_words(text)
    pairs: list[Pair] = []
    rest: list[tuple[int, int, str | None]] = []
    cut = False
    for number, (start, end) in enumerate(words):
        word = text[start:end]
        until = words[number + 1][0] if number + 1 < len(words) else len(text)
        if word == "\\":
            cut = True
            continue
        split = _EQUALS.search(word) if "=" in word else None
        if split is None:
            rest.append((start, until, _decode(word).replace("\\=", "=") if "=" in word[1:] else None))
            continue
        name = _decode(word[: split.start()])
        if only is not None and name not in only:
            rest.append((start, until, None))
            continue
        cut = True
        pairs.append(Pair(name.strip(), _unquoted(_decode(word[split.end() :]).strip()), start))
    if not rest:
        return ArgumentsText(tuple(pairs))
    return ArgumentsText(tuple(pairs), _free_text(text, words, rest, cut), rest[0][0])


def split_words(text: str) -> list[tuple[int, int]]:
    """Where the words of `text` begin and end: split at spaces and newlines outside of quotes and Jinja blocks.

    Raises ArgumentsTextError.
    """
    words: list[tuple[int, int]] = []
    quote = ""
    depths = [0, 0, 0]
    start = 0
    busy = False
    for piece in _PIECE.finditer(text):
        if not busy:
            start = piece.start()
        word = piece.group()
        if "'" in word or '"' in word:
            quote = _quote_after(word, quote)
        if busy or "{" in word:
            for number, (opening, closing) in enumerate(_MARKS):
                depths[number] = max(0, depths[number] + word.count(opening) - word.count(closing))
        busy = bool(quote) or any(depths)
        if not busy:
            words.append((start, piece.end()))
    if busy:
        what = "a quote" if quote else "a Jinja block"
        raise ArgumentsTextError(f"{what} is opened and never closed", start)
    return words


def _quote_after(word: str, quote: str) -> str:
    for found in _QUOTE.finditer(word):
        if not quote:
            quote = found.group()
        elif found.group() == quote:
            quote = ""
    return quote


def _decode(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_decode_one, text)


def _decode_one(found: re.Match[str]) -> str:
    try:
        return codecs.decode(found.group(), "unicode-escape")
    except UnicodeDecodeError:
        return found.group()


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" and value[-2] != "\\":
        return value[1:-1]
    return value


def _free_text(text: str, words: list[tuple[int, int]], rest: Iterable[tuple[int, int, str | None]], cut: bool) -> str:
    """The text with the options cut out; its spaces and line breaks stay as they are written."""
    end_of = dict(words)
    parts: list[str] = []
    for start, until, spelled in rest:
        parts.append(text[start:until] if spelled is None else spelled + text[end_of[start] : until])
    joined = "".join(parts)
    return joined.rstrip(" ") if cut else joined
