"""Functions that templates can call: lookup and query, now, undef; and the filters the compiler writes itself."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from jinja2 import pass_context
from jinja2.runtime import Context
from jinja2.utils import generate_lorem_ipsum, missing

from runner.errors import NoSuchLookup, StepError, TemplateError
from runner.model.ports import LookupCall
from runner.model.values import OMIT, Unknown, UnknownReached
from runner.registry import short
from runner.template.calls import describe
from runner.template.compile import COUNTED, EMBEDDED, INCLUDE_NAME, SOUGHT
from runner.template.environment import SCOPE
from runner.template.lazy import deepen
from runner.template.limits import too_much
from runner.template.markers import Missing
from runner.template.own import OwnDict
from runner.template.scope import Scope

_MAX_WORDS: Final = 100_000


class Embedded(Protocol):
    """Renders a constant that is a template itself."""

    def embedded(self, source: str, scope: Scope) -> Any: ...

    def counted(self, items: Any) -> Any: ...


class Functions:
    """The globals of one `Templar`, bound to what it was given."""

    def __init__(self, lookup: LookupCall | None, notice: Callable[[str], None] | None, renderer: Embedded) -> None:
        self._lookup = lookup
        self._notice = notice
        self._renderer = renderer

    def names(self) -> dict[str, Any]:
        """Name → function, for the environment's globals."""
        return {
            "lookup": self._make_lookup(False),
            "query": self._make_lookup(True),
            "q": self._make_lookup(True),
            "now": now,
            "undef": undef,
            "lipsum": lipsum,
            "omit": OMIT,
            "dict": OwnDict,
        }

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters that only the compiler uses."""
        renderer = self._renderer

        @pass_context
        def embedded(context: Context, source: str) -> Any:
            return renderer.embedded(source, context.parent[SCOPE])

        return {EMBEDDED: embedded, INCLUDE_NAME: _included_name, SOUGHT: _sought, COUNTED: renderer.counted}

    def _make_lookup(self, as_list: bool) -> Callable[..., Any]:
        @pass_context
        def call(
            context: Context,
            plugin: str,
            /,
            *terms: Any,
            wantlist: bool = False,
            errors: str = "strict",
            **options: Any,
        ) -> Any:
            name = short(plugin)
            wanted = as_list or wantlist
            try:
                found = self._answer(context, plugin, terms, options)
            except NoSuchLookup as error:
                raise TemplateError(str(error)) from error
            except StepError as error:
                return self._forgive(error, name, errors, wanted)
            if wanted or not isinstance(found, list | tuple) or not found:
                return found
            return _joined(found)

        return call

    def _answer(self, context: Context, name: str, terms: Sequence[Any], options: Mapping[str, Any]) -> Any:
        scope: Scope | None = context.parent.get(SCOPE)
        if scope is not None and short(name) == "vars":
            return [_variable(scope, term, options) for term in terms]
        asked = getattr(scope.names, "lookup", None) if scope is not None else None
        answer: LookupCall | None = asked or self._lookup
        if answer is None:
            raise TemplateError(f"the lookup {name!r} is not available here")
        try:
            return answer(name, list(terms), dict(options))
        except StepError as error:
            if isinstance(error, TemplateError | NoSuchLookup):
                raise
            raise TemplateError(f"the lookup {short(name)!r} failed: {error}") from error
        except (OSError, ValueError, TypeError, LookupError) as error:
            raise TemplateError(f"the lookup {short(name)!r} failed: {describe(error)}") from error

    def _forgive(self, error: StepError, name: str, errors: str, as_list: bool) -> Any:
        if errors not in ("warn", "ignore"):
            raise error
        if errors == "warn" and self._notice is not None:
            self._notice(f"An error occurred while running the lookup plugin {name!r}: {error}")
        return [] if as_list else None


def _joined(found: Sequence[Any]) -> Any:
    """A lookup's results without `wantlist`: one alone, several texts joined with commas, else the list (Ansible)."""
    if len(found) == 1:
        return found[0]
    return ",".join(found) if all(isinstance(part, str) for part in found) else list(found)


def _variable(scope: Scope, name: Any, options: Mapping[str, Any]) -> Any:
    """`lookup('vars', name, default=…)`."""
    if not isinstance(name, str):
        raise TemplateError(f"Invalid setting identifier, {name!r} is not a string", kind="type")
    value = scope.resolve(name)
    if value is not missing:
        return value
    default = options.get("default")
    return Missing(hint=f"No variable named {name!r} was found.", name=name) if default is None else default


def _sought(value: Any) -> Any:
    """The left side of `in`: text as the right side would raise TypeError for an unknown instead of asking it."""
    if isinstance(value, Unknown):
        raise UnknownReached(value)
    return deepen(value)


def _included_name(name: Any) -> Any:
    """A computed name of an include: only below the folders that are searched, so data cannot choose any file."""
    for part in name if isinstance(name, list | tuple) else [name]:
        text = str(part)
        if text.startswith(("/", "~")) or ".." in text.split("/"):
            raise TemplateError(f"cannot include {text!r}: a computed name must stay below its folder", kind="security")
    return name


def now(utc: bool = False, fmt: str | None = None) -> Any:
    """The current time (local, or UTC without a zone), as text if `fmt` is given."""
    # Ansible's `now` gives naive times; aware ones could not be compared with them.
    moment = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) if utc else datetime.datetime.now()
    return moment.strftime(fmt) if fmt else moment


def lipsum(n: int = 5, html: bool = True, min: int = 20, max: int = 100) -> str:  # noqa: A002
    """Text without a meaning: `n` paragraphs of `min` to `max` words."""
    if n * max > _MAX_WORDS:
        raise too_much("the text")
    return str(generate_lorem_ipsum(n, html, min, max))


def undef(hint: str | None = None) -> Missing:
    """An undefined value with a message of one's own."""
    return Missing(hint=hint or "Mandatory variable has not been overridden")
