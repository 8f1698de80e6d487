"""What a template may read, and what is wrong with it, found without rendering."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jinja2 import meta, nodes
from jinja2.exceptions import TemplateAssertionError
from jinja2.exceptions import TemplateError as JinjaError

from runner import registry
from runner.errors import TemplateError
from runner.model.playbook import Condition
from runner.model.span import NOWHERE, Problem, Span
from runner.model.values import Template
from runner.template import explain
from runner.template.compile import INLINE, LOOKUPS, PLAIN, Compiler, embedded_texts, file_options
from runner.template.holding import DICTS, LISTS
from runner.template.syntax_words import with_nearest

Reads = frozenset[str] | None

_NOTHING: Final[frozenset[str]] = frozenset()

# Lookups that look at variables which their arguments do not name.
_LOOKS_ANYWHERE: Final = frozenset({"template", "varnames"})


def _join(parts: Iterator[Reads]) -> Reads:
    found: set[str] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return frozenset(found)


class Reader:
    """Answers for one compiler; `given` are the names of its globals."""

    def __init__(self, compiler: Compiler, given: frozenset[str]) -> None:
        self._compiler = compiler
        self._given = given
        self._seen: dict[tuple[str, str], Reads] = {}

    def value(self, value: Any) -> Reads:
        """Names a raw value's templates read. A template with a mistake reads nothing: it fails before."""
        if type(value) is Template:
            return self._source("template", str(value))
        if isinstance(value, DICTS):
            return _join(self.value(part) for part in value.values())
        if isinstance(value, LISTS):
            return _join(self.value(part) for part in value)
        return _NOTHING

    def condition(self, condition: Condition) -> Reads:
        """Names a condition reads."""
        if not isinstance(condition.value, str):
            return _NOTHING
        text = str(condition.value).strip()
        return self._source("template" if text.startswith(("{{", "{%", "{#")) else "condition", text)

    def text(self, text: str, options: Mapping[str, Any]) -> Reads:
        """Names a template file reads."""
        try:
            read, body, _ = file_options(options, text, NOWHERE)
            return self._tree(self._compiler.parse(body, read))
        except (JinjaError, TemplateError, RecursionError):
            return _NOTHING

    def problems(self, value: Any) -> list[Problem]:
        """Mistakes in a raw value's templates."""
        if type(value) is Template:
            return self._check("template", str(value), value.span)
        if isinstance(value, DICTS):
            return [problem for part in value.values() for problem in self.problems(part)]
        if isinstance(value, LISTS):
            return [problem for part in value for problem in self.problems(part)]
        return []

    def problems_of_condition(self, condition: Condition) -> list[Problem]:
        """Mistakes in a condition."""
        if not isinstance(condition.value, str) or not (text := str(condition.value).strip()):
            return []
        kind = "template" if text.startswith(("{{", "{%", "{#")) else "condition"
        return self._check(kind, text, condition.span)

    def lookups(self, value: Any) -> list[tuple[str, Span]]:
        """The lookups that a raw value's templates name, with their places."""
        if type(value) is Template:
            return [(name, value.span) for name in self._lookups("template", str(value))]
        parts = value.values() if isinstance(value, DICTS) else value if isinstance(value, LISTS) else ()
        return [found for part in parts for found in self.lookups(part)]

    def lookups_of_condition(self, condition: Condition) -> list[tuple[str, Span]]:
        """The same for a condition."""
        text = condition.value.strip() if isinstance(condition.value, str) else ""
        kind = "template" if text.startswith(("{{", "{%", "{#")) else "condition"
        return [(name, condition.span) for name in self._lookups(kind, text)]

    def _lookups(self, kind: str, text: str) -> Iterator[str]:
        if not any(f"{name}(" in text for name in LOOKUPS):  # most texts have none: do not parse them again
            return
        try:
            tree = self._parsed(kind, text)
        except (JinjaError, TemplateError, RecursionError):
            return
        for call in tree.find_all(nodes.Call):
            named = isinstance(call.node, nodes.Name) and call.node.name in LOOKUPS and call.args
            if named and isinstance(call.args[0], nodes.Const):
                yield str(call.args[0].value)
        for inner in embedded_texts(tree):
            yield from self._lookups("template", inner)

    def _parsed(self, kind: str, text: str) -> nodes.Template:
        parse = self._compiler.parse if kind == "template" else self._compiler.parse_condition
        return parse(text, INLINE if kind == "template" else PLAIN)

    def _check(self, kind: str, text: str, span: Span) -> list[Problem]:
        try:
            if kind == "template":
                self._compiler.template(text)
            else:
                self._compiler.condition(text)
        except TemplateAssertionError as error:
            faults = self._unknown_plugins(self._parsed(kind, text)) or [error]
            return [_problem(fault, span, text) for fault in faults]
        except (JinjaError, TemplateError, RecursionError) as error:
            return [_problem(error, span, text)]
        return []

    def _unknown_plugins(self, tree: nodes.Template) -> list[TemplateAssertionError]:
        """All filters and tests that a tree names and that are not there; the compiler stops at the first."""
        found: dict[str, TemplateAssertionError] = {}
        environment = self._compiler.environment(INLINE)
        for kind, of, known in (
            ("filter", nodes.Filter, environment.filters),
            ("test", nodes.Test, environment.tests),
        ):
            for node in tree.find_all(of):
                if node.name not in known:
                    message = f"No {kind} named {node.name!r}."
                    words = with_nearest(message, environment.filters, environment.tests)
                    found[message] = TemplateAssertionError(words, node.lineno)
        return list(found.values())

    def _source(self, kind: str, text: str) -> Reads:
        key = (kind, text)
        if key not in self._seen:
            try:
                self._seen[key] = self._tree(self._parsed(kind, text))
            except (JinjaError, RecursionError):
                self._seen[key] = _NOTHING
        return self._seen[key]

    def _tree(self, tree: nodes.Template) -> Reads:
        found = set(meta.find_undeclared_variables(tree))
        for special in self._special(tree):
            if special is None:
                return None
            found |= special
        return frozenset(found - self._given - {"vars"})

    def _special(self, tree: nodes.Template) -> Iterator[Reads]:
        for text in embedded_texts(tree):
            yield self._source("template", text)
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in LOOKUPS:
                yield _of_lookup(call)
        named = [node for node in tree.find_all(nodes.Name) if node.name == "vars" and node.ctx == "load"]
        indexes: list[nodes.Getitem | nodes.Getattr] = [*tree.find_all(nodes.Getitem), *tree.find_all(nodes.Getattr)]
        indexed = [node for node in indexes if any(node.node is name for name in named)]
        if len(named) > len(indexed):
            yield None
        for node in indexed:
            yield _of_index(node)
        if any(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends))):
            yield None


def _problem(error: Exception, span: Span, text: str) -> Problem:
    found = explain.failure(error, span, text, False)
    return Problem(span, str(found), word=getattr(found, "word", ""))


def _of_lookup(call: nodes.Call) -> Reads:
    if not call.args or not isinstance(call.args[0], nodes.Const) or call.dyn_args is not None:
        return None
    name = registry.own("lookups", str(call.args[0].value))
    if name in _LOOKS_ANYWHERE or name not in registry.names("lookups"):
        return None
    if name != "vars":
        return _NOTHING
    terms = call.args[1:]
    if not all(isinstance(term, nodes.Const) for term in terms):
        return None
    return frozenset(str(term.value) for term in terms if isinstance(term, nodes.Const))


def _of_index(node: nodes.Getitem | nodes.Getattr) -> Reads:
    if isinstance(node, nodes.Getattr):
        return frozenset({node.attr})
    return frozenset({str(node.arg.value)}) if isinstance(node.arg, nodes.Const) else None
