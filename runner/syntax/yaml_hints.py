"""YAML's errors in plain words, with a hint for the mistakes people really make."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from runner.model.span import Problem, Span

_BARE_TEMPLATE: Final = re.compile(r"^[^#'\"]*?(?::\s+|-\s+)(\{[{%].*)$")
_QUOTE_IT: Final = 'put quotes around it: "{}"'
_WORDS: Final = (
    (
        "mapping values are not allowed",
        "a ':' where none can be",
        "if the text holds ': ', put quotes around all of it",
    ),
    (
        "did not find expected '-' indicator",
        "this is not part of the list above",
        "check the indentation: all items of a list start in the same column",
    ),
    (
        "did not find expected key",
        "this does not fit what stands above",
        "check the indentation: keys of one table start in the same column",
    ),
    (
        "found undefined tag handle",
        "unknown tag",
        "only !unsafe, !vault and YAML's own simple types can be used; quote text that starts with '!'",
    ),
    ("could not find expected ':'", "a ':' is missing after this key", "check the indentation and the key"),
    ("found unexpected end of stream", "a quote is opened and never closed", "close the quote"),
    ("found unexpected document indicator", "a quote is opened and never closed", "close the quote"),
    (
        "did not find expected ',' or",
        "a ',' or the closing bracket is missing",
        "close what is open, or quote the text",
    ),
    ("exceeded maximum nesting depth", "nested deeper than 200 levels", ""),
    ("found a tab character", "a tab where YAML wants spaces", "use spaces to indent"),
    ("control characters are not allowed", "a control character stands in the file", "remove it"),
    ("found unknown escape character", "unknown escape in double quotes", "use single quotes, or write '\\\\'"),
)


def syntax_problem(error: Any, data: bytes, path: str) -> Problem:
    """A Problem for PyYAML's `error`, placed, in plain words."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if "quoted scalar" in str(getattr(error, "context", "")) and "unexpected" in str(error.problem):
        mark = error.context_mark
    if mark is None:
        return _reader_problem(error, data, path)
    lines = data.decode("utf-8", "replace").splitlines()
    found = _template_near(lines, mark.line)
    if found:
        line, column, text = found
        return Problem(Span(path, line + 1, column + 1), "a template without quotes", _QUOTE_IT.format(text))
    message, hint = _explain(str(error.problem or error), str(error.context or ""), lines, mark)
    return Problem(Span(path, mark.line + 1, mark.column + 1), message, hint)


def add_template_hint(problem: Problem, data: bytes) -> Problem:
    """The same problem, told as a missing pair of quotes where a bare `{{ x }}` was read as a table."""
    if not problem.message.startswith("a key of a table"):
        return problem
    line = problem.span.line - 1
    lines = data.decode("utf-8", "replace").splitlines()
    text = lines[line][problem.span.column - 1 :] if line < len(lines) else ""
    if not text.startswith("{{"):
        return problem
    return replace(problem, message="a template without quotes", hint=_QUOTE_IT.format(_cut(text)))


def _reader_problem(error: Any, data: bytes, path: str) -> Problem:
    """Bytes that are not text at all: the place is counted from the start of the file."""
    try:
        data.decode("utf-8")
        offset = getattr(error, "position", 0) or 0
        hint = "remove it"
        before = data.decode("utf-8")[:offset]
        message = "a character that YAML does not allow"
    except UnicodeDecodeError as wrong:
        before = data[: wrong.start].decode("utf-8", "replace")
        message, hint = "the file is not UTF-8 text", "save it as UTF-8"
    line = before.count("\n")
    return Problem(Span(path, line + 1, len(before) - before.rfind("\n")), message, hint)


def _cut(text: str) -> str:
    end = max(text.rfind("}}"), text.rfind("%}"))
    return (text[: end + 2] if end > 0 else text.strip()).replace('"', "'")


def _template_near(lines: list[str], line: int) -> tuple[int, int, str] | None:
    """A bare template on this line or the one before (libyaml often notices one token late)."""
    for number in (line, line - 1):
        if 0 <= number < len(lines):
            match = _BARE_TEMPLATE.match(lines[number])
            if match:
                return number, match.start(1), match.group(1).strip().replace('"', "'")
    return None


def _explain(problem: str, context: str, lines: list[str], mark: Any) -> tuple[str, str]:
    source = lines[mark.line] if mark.line < len(lines) else ""
    char = source[mark.column : mark.column + 1]
    if "cannot start any token" in problem:
        if char == "\t" or "\t" in source[: len(source) - len(source.lstrip())]:
            return "a tab where YAML wants spaces", "use spaces to indent"
        return f"text cannot begin with {char!r}", "put quotes around it"
    if "\t" in source[: mark.column] and source[: mark.column].strip() == "":
        return "a tab where YAML wants spaces", "use spaces to indent"
    if "did not find expected key" in problem and mark.line < len(lines):
        head = source[: mark.column].rstrip()
        if head.endswith(('"', "'")):
            return "text after the closing quote", "put quotes around the whole value, the other kind outside"
    if "mapping values are not allowed" in problem and _deeper(lines, mark):
        return "this line stands deeper than the one above", "check the indentation"
    for words, message, hint in _WORDS:
        if words in problem or words in context:
            return message, hint
    return f"this is not valid YAML: {problem}", ""


def _deeper(lines: list[str], mark: Any) -> bool:
    """Whether the ':' is this line's first and the line above, a whole `key: value`, begins further left."""
    source = lines[mark.line] if mark.line < len(lines) else ""
    above = next((line for line in reversed(lines[: mark.line]) if line.strip()), "")
    indent, indent_above = (len(line) - len(line.lstrip(" -")) for line in (source, above))
    return ":" not in source[: mark.column] and indent != indent_above and bool(above)
