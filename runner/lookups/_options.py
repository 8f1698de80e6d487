"""Options and terms of lookups: checked and typed as arguments of modules are, and lists made flat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runner.arguments import Option, Spec, validate
from runner.errors import StepError
from runner.syntax.arguments_text import ArgumentsTextError, parse_arguments


def read_options(options: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every option with its value or default. Raises StepError that names all that is wrong."""
    values, _, problems = validate(Spec("", options), given)
    if problems:
        raise StepError("; ".join(problems))
    return values


def inline(term: str, names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """A term of the old style, `key file=x col=2`, as its free text and its options. Raises StepError."""
    try:
        parsed = parse_arguments(term)
    except ArgumentsTextError as error:
        raise StepError(f"cannot read {term!r}: {error}") from None
    unknown = [pair.name for pair in parsed.pairs if pair.name not in names]
    if unknown:
        raise StepError(f"{unknown[0]!r} is not an option (there are {', '.join(names)})")
    return parsed.free or "", {pair.name: pair.value for pair in parsed.pairs}


def texts(terms: Sequence[Any]) -> list[str]:
    """The terms, which all have to be text; lists among them are opened. Raises StepError."""
    flat = flatten(terms)
    wrong = [term for term in flat if not isinstance(term, str)]
    if wrong:
        raise StepError(f"{wrong[0]!r} is not text")
    return [str(term) for term in flat]


def flatten_once(terms: Sequence[Any]) -> list[Any]:
    """The terms with lists among them opened, one level deep, as Ansible's loops over `items` do."""
    return [one for term in terms for one in (term if isinstance(term, list | tuple) else [term])]


def flatten(terms: Sequence[Any]) -> list[Any]:
    """The terms with lists in lists opened, however deep."""
    return [one for term in terms for one in (flatten(term) if isinstance(term, list | tuple) else [term])]


def decoded(data: bytes, name: str, encoding: str = "utf-8") -> str:
    """Text of a file. Raises StepError when it is not text in this encoding."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise StepError(f"{name!r} is not {encoding} text (byte {error.start})") from None
    except LookupError:
        raise StepError(f"there is no encoding {encoding!r}") from None
