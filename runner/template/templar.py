"""The door of this room: renders values, evaluates conditions and expressions, renders template files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from jinja2.environment import Template as Compiled
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError

from runner.errors import StepError, TemplateError, VaultError
from runner.model.names import Names
from runner.model.playbook import Condition
from runner.model.ports import LookupCall
from runner.model.span import NOWHERE, Problem, Span
from runner.model.values import Decrypted, Template, Unknown, UnknownReached, Vaulted
from runner.template import explain
from runner.template.calls import ORDINARY, describe
from runner.template.compile import Compiler, Options, file_options
from runner.template.environment import Environment, Local, new_context
from runner.template.finish import SCALARS, drop_omitted, finish, join_text
from runner.template.globals import Functions
from runner.template.holding import DICTS, LISTS, holds_template
from runner.template.limits import MAX_TURNS
from runner.template.markers import Missing, Passing, type_name
from runner.template.plugins import Plugins, make_filters, make_tests
from runner.template.reading import Reader, Reads
from runner.template.scope import Scope, Variables

__all__ = ["LoadText", "Plugins", "Templar", "drop_omitted"]

LoadText = Callable[[str], str]
"""Gives the text of the template file that an `{% include %}` names; raises StepError when there is none."""

_NO_OPTIONS: Final[Mapping[str, Any]] = MappingProxyType({})


class Templar:
    """Compiles templates once and renders them with any `Names`. One for a run is enough.

    `lookup` answers `lookup()`/`query()`, `load_text` finds included files; names that have a `lookup` or `load_text`
    of their own are asked first. `point` finds the word that a mistake is about behind its place. Every method raises
    `TemplateError` for the user's mistakes, and lets through unchanged what `Names.raw` raises (other than KeyError).
    """

    def __init__(
        self,
        lookup: LookupCall | None = None,
        extra_filters: Mapping[str, Callable[..., Any]] = _NO_OPTIONS,
        extra_tests: Mapping[str, Callable[..., Any]] = _NO_OPTIONS,
        *,
        plugins: Plugins | None = None,
        load_text: LoadText | None = None,
        notice: Callable[[str], None] | None = None,
        point: Callable[[Span, str], Span] = lambda span, _word: span,
    ) -> None:
        ports = plugins or Plugins()
        self._local = Local()
        self._load_text = load_text
        self._point = point
        self._reveal = ports.reveal
        extensions = ["jinja2.ext.do", "jinja2.ext.loopcontrols"]
        environment = Environment(extensions=extensions, undefined=Missing, cache_size=0, optimized=False)
        environment.includes = self
        functions = Functions(lookup, notice, self)
        filters: dict[str, Any] = make_filters(ports, extra_filters)
        environment.filters = filters
        filters.update(functions.filters())
        tests: dict[str, Any] = make_tests(extra_tests)
        environment.tests = tests
        environment.globals.update(functions.names())
        self._compiler = Compiler(environment)
        self._reader = Reader(self._compiler, frozenset(environment.globals))

    def render(self, value: Any, names: Names) -> Any:
        """`value` with every `Template` in it rendered, as plain data; itself if there is none.

        Parts that cannot be known in a dry run are `Unknown`; `OMIT` stays (see `drop_omitted`).
        """
        try:
            return self._deep(value, names)
        except RecursionError:
            raise TemplateError("the data is nested too deep", NOWHERE, "limit") from None

    def _deep(self, value: Any, names: Names) -> Any:
        kind = type(value)
        if kind is Template:
            return self._top(value, names)
        if kind is Vaulted:
            return self.decrypted(value)
        if kind in SCALARS or not holds_template(value):
            return value
        if isinstance(value, DICTS):
            return {_plain(key): self._deep(part, names) for key, part in value.items()}
        if isinstance(value, LISTS):
            return [self._deep(part, names) for part in value]
        return value

    def evaluate(self, condition: Condition, names: Names) -> bool | Unknown:
        """Whether a condition holds. As in ansible-core 2.19 its result must be a boolean.

        A condition that is all `{{ … }}` is rendered; text that comes out is never read as an expression.
        """
        value: Any = condition.value
        if isinstance(value, bool):
            return value
        if not isinstance(value, str):
            raise TemplateError("Conditional expressions must be strings.", condition.span, "type")
        text = str.__str__(value).strip()
        if not text:
            raise TemplateError("Empty conditional expressions are not allowed.", condition.span, "type")
        whole = text.startswith(("{{", "{%", "{#")) and text.endswith(("}}", "%}", "#}"))
        compile_it = (lambda: self._compiler.template(text)) if whole else (lambda: self._compiler.condition(text))
        result = self._door(compile_it, text, Scope(names, self), condition.span)
        if isinstance(result, bool | Unknown):
            return result
        raise TemplateError(_not_boolean(result, whole), condition.span, "type")

    def expression(self, text: str, names: Names, span: Span = NOWHERE) -> Any:
        """The native value of a bare expression (`groups.web | first`)."""
        return self._door(lambda: self._compiler.expression(text), text, Scope(names, self), span)

    def render_text(
        self,
        text: str,
        names: Names,
        span: Span = NOWHERE,
        options: Mapping[str, Any] = _NO_OPTIONS,
        load_text: LoadText | None = None,
        *,
        native: bool = False,
    ) -> Any:
        """A template file's text, rendered. `span` is the file's start. `options` are those of the template module
        (trim_blocks, lstrip_blocks, newline_sequence, block_start_string …); `load_text` finds what it includes.
        `native`: a file that is a lone `{{ … }}` gives that value, not its text. Gives an `Unknown` in dry runs."""
        read, body, dropped = file_options(options, text, span)
        if not dropped and not read.marked(body):
            return text
        start = Span(span.path, span.line + dropped, 1)
        before = self._local.loader
        self._local.loader = load_text or getattr(names, "load_text", None) or self._load_text
        try:
            scope = Scope(names, self)
            result = self._door(lambda: self._compiler.template(body, read), body, scope, start, lines=True)
        finally:
            self._local.loader = before
        if isinstance(result, Unknown):
            return result
        try:
            if native and not isinstance(result, str):
                return result
            if isinstance(result, str):
                return _with_newlines(join_text([result]), body, read.newline_sequence)
            return "" if result is None else join_text([result])
        except UnknownReached as reached:
            return reached.unknown

    def variables(self, names: Names) -> Mapping[str, Any]:
        """All of `names` as a mapping whose values are rendered when read (one host's entry of `hostvars`)."""
        return Variables(Scope(names, self))

    def variable(self, name: str, names: Names) -> Any:
        """One variable, rendered to plain data. Raises TemplateError kind "undefined"."""
        return self._door(lambda: self._compiler.expression(name), name, Scope(names, self), NOWHERE)

    def reads(self, value: Any) -> Reads:
        """Names of variables that rendering `value` may read; None if it may be any."""
        return self._reader.value(value)

    def reads_of_condition(self, condition: Condition) -> Reads:
        """The same for a condition."""
        return self._reader.condition(condition)

    def reads_of_text(self, text: str, options: Mapping[str, Any] = _NO_OPTIONS) -> Reads:
        """The same for a template file's text."""
        return self._reader.text(text, options)

    def problems(self, value: Any) -> list[Problem]:
        """Mistakes in templates that show without rendering: syntax, unknown filters and tests."""
        return self._reader.problems(value)

    def problems_of_condition(self, condition: Condition) -> list[Problem]:
        """The same for a condition."""
        return self._reader.problems_of_condition(condition)

    def lookups(self, value: Any) -> list[tuple[str, Span]]:
        """The lookups that templates ask for by a plain name, each with the template's place."""
        return self._reader.lookups(value)

    def lookups_of_condition(self, condition: Condition) -> list[tuple[str, Span]]:
        """The same for a condition."""
        return self._reader.lookups_of_condition(condition)

    # What the parts of this room ask of one another.

    def text(self, template: Template, scope: Scope, path: str) -> Any:
        """A variable's template rendered: native value, lazy container, marker or `Unknown`."""
        chain = self._local.chain
        key = (id(scope.names), path)
        if key in chain:
            names = [part for _, part in chain[chain.index(key) :]]
            raise TemplateError(f"recursive: {' -> '.join([*names, path])}", template.span, "recursion")
        chain.append(key)
        try:
            source = str(template)
            result = self._run(lambda: self._compiler.template(source), source, scope, template.span)
        finally:
            chain.pop()
        if isinstance(result, Missing) and not result.needed_by:
            result.needed_by, result.needed_at = path, template.span
        return result

    def decrypted(self, value: Vaulted) -> Decrypted:
        """What an encrypted value holds. Raises TemplateError with its place."""
        if self._reveal is None:
            raise TemplateError("encrypted values cannot be read here", value.span)
        try:
            return self._reveal(value)
        except VaultError as error:
            raise TemplateError(f"the value {error}", value.span) from None

    def embedded(self, source: str, scope: Scope) -> Any:
        """A constant that is a template itself."""
        return self._run(lambda: self._compiler.template(source), source, scope, NOWHERE)

    def counted(self, items: Any) -> Iterator[Any]:
        """What a loop goes over; all loops of one rendering together may turn `MAX_TURNS` times."""
        local = self._local
        for item in items:
            local.turns += 1
            if local.turns > MAX_TURNS:
                raise TemplateError(f"its loops have turned more than {MAX_TURNS:,} times", kind="limit")
            yield item

    def included(self, environment: Environment, name: str) -> Compiled:
        """The compiled template an include names."""
        if self._local.loader is None:
            raise TemplateNotFound(name, f"cannot include {name!r}: only template files can include others")
        try:
            text = self._local.loader(name)
        except (StepError, OSError, LookupError) as error:
            raise TemplateNotFound(name, f"cannot include {name!r}: {describe(error)}") from error
        options = next((key for key, made in self._compiler.environments() if made is environment), Options())
        try:
            return self._compiler.template(text, options)
        except TemplateSyntaxError as error:
            raise explain.failure(error, Span(name), text, True) from None

    def _top(self, template: Template, names: Names) -> Any:
        source = str(template)
        return self._door(lambda: self._compiler.template(source), source, Scope(names, self), template.span)

    def _run(
        self, compiled: Callable[[], Compiled], source: str, scope: Scope, span: Span, *, lines: bool = False
    ) -> Any:
        """Compile and run; every ordinary exception becomes a placed TemplateError."""
        try:
            template = compiled()
            context = new_context(template, scope)
            result = Environment.concat(template.root_render_func(context))
        except UnknownReached as reached:
            return reached.unknown
        except (TemplateError, *ORDINARY) as error:
            marker = getattr(error, "marker", None)
            if isinstance(marker, Missing):
                return marker
            raise explain.failure(error, span, source, lines) from error
        if lines or not isinstance(result, str):
            return result
        whole = _with_newlines(result, source, "\n")
        return result if whole is result else type(result)(whole)

    def _door(
        self, compiled: Callable[[], Compiled], source: str, scope: Scope, span: Span, *, lines: bool = False
    ) -> Any:
        """Run and finish: plain data, or an exception for the user."""
        if not self._local.chain:
            self._local.turns = 0
        try:
            result = self._run(compiled, source, scope, span, lines=lines)
            try:
                return finish(result)
            except UnknownReached as reached:
                return reached.unknown
            except (TemplateError, *ORDINARY) as error:
                marker = getattr(error, "marker", None)
                if isinstance(marker, Missing):
                    raise explain.undefined(marker, scope.names.known(), span, source, lines) from None
                raise explain.failure(error, span, source, lines) from error
        except TemplateError as error:
            error.span = self._point(error.span, error.word)
            raise
        except Passing as passing:
            raise passing.error from None


def _plain(key: Any) -> Any:
    return str(key) if type(key) is Template else key


def _not_boolean(result: Any, braces: bool) -> str:
    """Ansible's words, and what to do about it."""
    found = f"Conditional result ({bool(result)}) was derived from value of type {type_name(result)!r}."
    hint = ""
    if isinstance(result, str):
        hint = " (conditions take no braces; what comes out of them is not evaluated again)" if braces else ""
        hint = hint or " (write `… | bool` to read text as one)"
    return f"{found} Conditionals must have a boolean result.{hint}"


def _with_newlines(result: str, source: str, newline: str) -> str:
    """Put back the newlines at the end that Jinja drops, unless the result has as many already (as Ansible does)."""
    if not source.endswith("\n"):
        return result
    wanted = len(source) - len(source.rstrip("\n"))
    # Ansible counts in what was rendered only `\n`, whatever ends the lines.
    have = len(result) - len(result.rstrip("\n"))
    return result + newline * (wanted - have) if wanted > have else result
