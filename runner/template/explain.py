"""What went wrong in a template, in plain words with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType

from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError

from runner.errors import StepError, TemplateError, TemplateKind
from runner.model.span import NOWHERE, Span
from runner.registry import nearest
from runner.template import syntax_words
from runner.template.calls import describe
from runner.template.markers import Missing


def undefined(marker: Missing, known: Iterable[str], span: Span, text: str, lines: bool) -> TemplateError:
    """The error for a marker that reached the door. `lines`: `span` is a file's start, so lines can be added to it."""
    message = marker.text()
    variable = marker.variable()
    hint = nearest(variable, known) if variable else ""
    if not variable and isinstance(marker._undefined_name, str):
        hint = nearest(marker._undefined_name, marker.siblings())
    if hint:
        message += f" ({hint})"
    word = str(marker._undefined_name or "")
    if marker.needed_by:
        place = span if marker.needed_at == NOWHERE else marker.needed_at
        return TemplateError(f"{message}, which {marker.needed_by!r} needs", place, "undefined", variable, word)
    if marker.needed_at != NOWHERE:
        return TemplateError(message, marker.needed_at, "undefined", variable, word)
    return TemplateError(*_placed(message, span, marker.line(), text, lines), "undefined", variable, word)


def failure(error: Exception, span: Span, text: str, lines: bool) -> StepError:
    """Any exception of Jinja, a filter or the data as an error for the user; keeps one that is placed already."""
    if isinstance(error, TemplateError):
        if error.span != NOWHERE:
            return error
        message, place = _placed(str(error), span, _line(error.__traceback__), text, lines)
        return TemplateError(message, place, error.kind, error.name, error.word)
    if isinstance(error, StepError):
        return error
    if isinstance(error, TemplateSyntaxError):
        words, about = syntax_words.of_syntax(error.message or "", text)
        placed = _placed(f"template syntax: {words}", span, error.lineno, text, lines)
        return TemplateError(*placed, "syntax", word=about)
    line = _line(error.__traceback__)
    if isinstance(error, RecursionError):
        return TemplateError("the template calls itself without end, or its data is nested too deep", span, "limit")
    if isinstance(error, MemoryError | OverflowError):
        return TemplateError(*_placed(describe(error) or "out of memory", span, line, text, lines), "limit")
    if isinstance(error, SecurityError):
        return TemplateError(*_placed(describe(error), span, line, text, lines), "security")
    kind: TemplateKind = "undefined" if isinstance(error, UndefinedError) else "type"
    return TemplateError(*_placed(describe(error), span, line, text, lines), kind)


def _placed(message: str, span: Span, line: int, text: str, lines: bool) -> tuple[str, Span]:
    """The message and the place: a line of the file if that is known, else words for long inline templates."""
    if lines and line:
        return message, replace(span, line=span.line + line - 1, column=1)
    if line and "\n" in text.rstrip("\n"):
        return f"{message} (line {line} of the template)", span
    return message, span


def _line(trace: TracebackType | None) -> int:
    """The template's line that was running when the exception was raised; 0 if none was."""
    found = 0
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            found = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return found
