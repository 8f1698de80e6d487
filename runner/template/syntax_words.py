"""What Jinja and Python say of a mistake in a template, in words for the person who wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from runner.registry import elsewhere, nearest

_INNERMOST: Final = r"\..*innermost block that needs to be closed is '(\w+)'"
_NESTING: Final = re.compile(rf"Encountered unknown tag '(\w+)'{_INNERMOST}", re.DOTALL)
_UNCLOSED: Final = re.compile(rf"Unexpected end of template{_INNERMOST}", re.DOTALL)
_UNKNOWN_TAG: Final = re.compile(r"Encountered unknown tag '(\w+)'")
_UNKNOWN_PLUGIN: Final = re.compile(r"No (filter|test) named '([^']*)'")
_ASSIGNMENT: Final = re.compile(r"(?<![=!<>])=(?!=)")
_CURLY: Final = "\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"
_OPERATORS: Final = {"&": "write 'and' for '&&'", "!": "write 'not' for '!'", "?": "write 'a if condition else b'"}
_CALLS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"[\w.<>]+\(\) takes .* positional arguments? but \d+ (?:was|were) given", "too many arguments"),
        (r"[\w.<>]+\(\) missing \d+ required [a-z-]+ arguments?: (.*)", r"missing argument \1"),
        (r"[\w.<>]+\(\) got an unexpected keyword argument ('\w+')", r"it has no argument \1"),
        (r"(can only concatenate .*|unsupported operand type\(s\) for \+: .*)", r"\1 (to join text, write ~ for +)"),
    )
)


def of_syntax(message: str, text: str) -> tuple[str, str]:
    """Jinja's message about the syntax of `text` in plain words, and the word in `text` that it is about (or "")."""
    if found := _UNKNOWN_PLUGIN.search(message):
        rest = message[found.end() :].rstrip(".")
        return f"no {found[1]} named {found[2]!r}{rest}", found[2]
    if found := _NESTING.match(message):
        return f"'{{% {found[1]} %}}' comes before the '{{% {found[2]} %}}' inside is closed", found[1]
    if found := _UNCLOSED.match(message):
        return f"'{{% {found[1]} %}}' is never closed: '{{% end{found[1]} %}}' is missing", found[1]
    if found := _UNKNOWN_TAG.match(message):
        end = found[1].startswith("end")
        return f"'{{% {found[1]} %}}' closes nothing" if end else f"there is no tag {found[1]!r}", found[1]
    return _with_advice(message.rstrip("."), text), ""


def _with_advice(message: str, text: str) -> str:
    if message.startswith("unexpected end of template") and "print statement" in message:
        return "'{{' is never closed: '}}' is missing"
    char = message.removeprefix("unexpected char ")[1:2] if message.startswith("unexpected char ") else ""
    if char and char in _CURLY:
        return f"a curly quote: {char} (use ' or \" for text)"
    advice = _OPERATORS.get(char, "")
    if "{{" in text and message.startswith("expected token") and text.count("{{") != text.count("}}"):
        advice = "'{{' is not closed with '}}'"
    elif message == "unexpected '}'":
        advice = "'{{' is closed with '}}'"
    elif message.endswith("got 'for'"):
        advice = "templates have no list comprehensions: use map and select, or a loop"
    elif "||" in text and "'|'" in message:
        advice = "write 'or' for '||'"
    elif message == "chunk after expression":
        advice = "compare with '=='" if _ASSIGNMENT.search(text) else "is an operator or a quote missing?"
        message = "the expression ends before its text does"
    elif "{{" in text and "expected token" in message:
        advice = "an expression takes no braces inside"
    return f"{message} ({advice})" if advice else message


def with_nearest(message: str, filters: Iterable[str], tests: Iterable[str]) -> str:
    """The message about an unknown filter or test with what was probably meant."""
    found = _UNKNOWN_PLUGIN.match(message)
    if not found:
        return message
    near = _near_plugin(found[2], filters if found[1] == "filter" else tests, f"{found[1]}s")
    return f"{message.rstrip('.')} ({near})" if near else message


def _near_plugin(name: str, known: Iterable[str], room: str) -> str:
    """A hint: the same name in the collection that has it, where Ansible finds it, or a name like it."""
    last = name.rpartition(".")[2]
    same = [other for other in known if other.rpartition(".")[2] == last and not other.startswith("ansible.legacy.")]
    if same:
        return f"did you mean {min(same, key=lambda other: ('.' not in other, len(other)))!r}?"
    home = elsewhere(room, last)
    return f"Ansible has it in {home}" if home else nearest(name, known)


def of_call(words: str) -> str:
    """Python's words about a call that does not fit, without names of our functions."""
    for pattern, plain in _CALLS:
        if pattern.fullmatch(words):
            return pattern.sub(plain, words)
    return words
