"""Template text compiled once: options, embedded constants, computed include names, bare expressions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, fields, replace
from typing import Any, Final

from jinja2 import nodes
from jinja2.environment import Template as Compiled
from jinja2.exceptions import TemplateAssertionError, TemplateSyntaxError
from jinja2.parser import Parser
from jinja2.visitor import NodeTransformer

from runner.errors import TemplateError
from runner.model.quick import dataclass
from runner.model.span import Span
from runner.model.values import TEMPLATE_MARKS
from runner.template.environment import Environment
from runner.template.syntax_words import with_nearest

# Filters that only the compiler writes into a template; no user can type these names.
EMBEDDED: Final = "\0embedded"
INCLUDE_NAME: Final = "\0include"
SOUGHT: Final = "\0sought"
COUNTED: Final = "\0counted"
LOOKUPS: Final = frozenset({"lookup", "query", "q"})
_NAMING: Final = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
HEADER: Final = "#jinja2:"
_KEPT: Final = "keep_trailing_newline"
_FLAGS: Final = frozenset({"trim_blocks", "lstrip_blocks", _KEPT})


@dataclass(frozen=True, slots=True)
class Options:
    """How text is read. The defaults are Ansible's (trim_blocks is on). `escapes`: see `EscapingLexer`."""

    block_start_string: str = "{%"
    block_end_string: str = "%}"
    variable_start_string: str = "{{"
    variable_end_string: str = "}}"
    comment_start_string: str = "{#"
    comment_end_string: str = "#}"
    line_statement_prefix: str | None = None
    line_comment_prefix: str | None = None
    trim_blocks: bool = True
    lstrip_blocks: bool = False
    newline_sequence: str = "\n"
    escapes: bool = False

    def marked(self, text: str) -> bool:
        """Whether `text` may hold anything to render."""
        marks = (self.variable_start_string, self.block_start_string, self.comment_start_string)
        lines = self.line_statement_prefix or self.line_comment_prefix
        return bool(lines) or any(mark in text for mark in marks)


INLINE: Final = Options(escapes=True)
PLAIN: Final = Options()
_NAMES: Final = frozenset(option.name for option in fields(Options)) - {"escapes"}


def file_options(given: Mapping[str, Any], text: str, span: Span) -> tuple[Options, str, int]:
    """Options of a template file, from `given` and its `#jinja2:` line; the text without that line; lines dropped.

    Unknown keys of `given` are not ours and ignored; in the file's own line they are an error (TemplateError).
    """
    options = replace(PLAIN, **{key: value for key, value in given.items() if key in _NAMES and value is not None})
    if not text.startswith(HEADER):
        return options, text, 0
    line, newline, rest = text.partition("\n")
    if not newline:
        raise TemplateError(f"there is nothing after the {HEADER!r} line", span, "syntax")
    found: dict[str, Any] = {}
    for pair in line.removeprefix(HEADER).split(","):
        key, colon, value = (part.strip() for part in pair.partition(":"))
        if not colon or (key not in _NAMES and key != _KEPT):
            raise TemplateError(f"{HEADER!r} line: {pair.strip()!r} is not a known 'option: value'", span, "syntax")
        found[key] = _literal(value, span)
        if isinstance(found[key], bool) is not (key in _FLAGS):
            raise TemplateError(f"{HEADER!r} line: {value!r} is no value for {key}", span, "syntax")
    # Newlines at the end stay in any case, as in Ansible.
    found.pop(_KEPT, None)
    return replace(options, **found), rest, 1


def _literal(text: str, span: Span) -> Any:
    """A value of the header line: True, False, None or quoted text (with JSON's escapes)."""
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    try:
        return json.loads('"' + text[1:-1].replace('"', '\\"') + '"') if quoted else json.loads(text)
    except ValueError:
        raise TemplateError(f"{HEADER!r} line: {text!r} is not a value", span, "syntax") from None


class _Rewriter(NodeTransformer):
    """Marks constants that are templates themselves, include names that are computed, and what loops go over.

    Ansible renders a constant with braces as an argument of a lookup (`lookup('file', '{{ x }}')`) and in conditions.
    The constant stands in the user's own source, so this is no way in for remote text.
    """

    def __init__(self, *, everywhere: bool) -> None:
        self.everywhere = everywhere

    def get_visitor(self, node: nodes.Node) -> Callable[..., Any] | None:
        """The method for a kind of node."""
        if isinstance(node, nodes.Const):
            return self._constant
        if isinstance(node, nodes.Call):
            return self._call
        if isinstance(node, nodes.Compare):
            return self._compare
        if isinstance(node, nodes.For):
            return self._for
        return self._named if isinstance(node, _NAMING) else None

    def _constant(self, node: nodes.Const) -> nodes.Node:
        return _embedded(node) if self.everywhere else node

    def _call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        if not self.everywhere and isinstance(node.node, nodes.Name) and node.node.name in LOOKUPS:
            node.args = [_embedded_deep(arg) for arg in node.args]
        return node

    def _compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        if node.ops and node.ops[0].op in ("in", "notin") and not isinstance(node.expr, nodes.Const):
            node.expr = nodes.Filter(node.expr, SOUGHT, [], [], None, None, lineno=node.lineno)
        return node

    def _for(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, COUNTED, [], [], None, None, lineno=node.lineno)
        return node

    def _named(self, node: nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends) -> nodes.Node:
        self.generic_visit(node)
        if not isinstance(node.template, nodes.Const):
            node.template = nodes.Filter(node.template, INCLUDE_NAME, [], [], None, None, lineno=node.lineno)
        return node


def _embedded(node: nodes.Const) -> nodes.Expr:
    if isinstance(node.value, str) and any(mark in node.value for mark in TEMPLATE_MARKS):
        return nodes.Filter(node, EMBEDDED, [], [], None, None, lineno=node.lineno)
    return node


def _embedded_deep(node: nodes.Expr) -> nodes.Expr:
    """The same for the constants of a written-out list or dict."""
    if isinstance(node, nodes.Const):
        return _embedded(node)
    if isinstance(node, nodes.List | nodes.Tuple):
        node.items = [_embedded_deep(item) for item in node.items]
    elif isinstance(node, nodes.Dict):
        for pair in node.items:
            pair.value = _embedded_deep(pair.value)
    return node


class Compiler:
    """Compiles and keeps what it compiled, by text and options."""

    def __init__(self, environment: Environment) -> None:
        self._base = environment
        self._environments: dict[Options, Environment] = {}
        self._compiled: dict[tuple[str, str, Options], Compiled] = {}
        self._inline: dict[str, Compiled] = {}
        self._expressions: dict[str, Compiled] = {}
        self._conditions: dict[str, Compiled] = {}

    def environment(self, options: Options) -> Environment:
        """The environment for these options; filters, tests and globals are shared."""
        if options not in self._environments:
            given = {key: value for key, value in asdict(options).items() if key != "escapes"}
            made: Environment = self._base.overlay(**given)
            made.escapes = options.escapes
            made.own_lexer = None
            self._environments[options] = made
        return self._environments[options]

    def environments(self) -> Iterator[tuple[Options, Environment]]:
        """All environments made so far."""
        yield from self._environments.items()

    def template(self, text: str, options: Options = INLINE) -> Compiled:
        """Text with Jinja in it. Raises jinja2's TemplateSyntaxError."""
        if options is not INLINE:
            return self._made("template", text, options, self.parse)
        # Nearly all texts are read so, and the options' hash takes longer than all else here.
        found = self._inline.get(text)
        if found is None:
            found = self._inline[text] = self._made("template", text, options, self.parse)
        return found

    def expression(self, text: str, options: Options = PLAIN) -> Compiled:
        """A bare expression."""
        if options is not PLAIN:
            return self._made("expression", text, options, self.parse_expression)
        found = self._expressions.get(text)
        if found is None:
            found = self._expressions[text] = self._made("expression", text, options, self.parse_expression)
        return found

    def condition(self, text: str) -> Compiled:
        """A bare expression whose constants may be templates."""
        found = self._conditions.get(text)
        if found is None:
            found = self._conditions[text] = self._made("condition", text, PLAIN, self.parse_condition)
        return found

    def parse(self, text: str, options: Options) -> nodes.Template:
        """The syntax tree of a text."""
        environment = self.environment(options)
        return _rewritten(environment.parse(text), environment)

    def parse_expression(self, text: str, options: Options) -> nodes.Template:
        """The syntax tree of an expression, as a template that has nothing else."""
        return self._expression_tree(text, options, everywhere=False)

    def parse_condition(self, text: str, options: Options = PLAIN) -> nodes.Template:
        """The syntax tree of a condition."""
        return self._expression_tree(text, options, everywhere=True)

    def _expression_tree(self, text: str, options: Options, *, everywhere: bool) -> nodes.Template:
        environment = self.environment(options)
        parser = Parser(environment, text, state="variable")
        expression = parser.parse_expression()
        if not parser.stream.eos:
            raise TemplateSyntaxError("chunk after expression", parser.stream.current.lineno, None, None)
        body: list[nodes.Node] = [nodes.Output([expression], lineno=1)]
        return _rewritten(nodes.Template(body, lineno=1), environment, everywhere=everywhere)

    def _made(
        self, kind: str, text: str, options: Options, parse: Callable[[str, Options], nodes.Template]
    ) -> Compiled:
        key = (kind, text, options)
        found = self._compiled.get(key)
        if found is None:
            environment = self.environment(options)
            try:
                found = self._compiled[key] = environment.from_string(parse(text, options))
            except TemplateAssertionError as error:
                words = with_nearest(error.message or "", environment.filters, environment.tests)
                raise TemplateAssertionError(words, error.lineno) from None
        return found


def _rewritten(tree: nodes.Template, environment: Environment, *, everywhere: bool = False) -> nodes.Template:
    made: nodes.Template = _Rewriter(everywhere=everywhere).visit(tree)
    made.set_environment(environment)
    return made


def embedded_texts(tree: nodes.Template) -> Iterator[str]:
    """The constants of a tree that are templates themselves."""
    for node in tree.find_all(nodes.Filter):
        if node.name == EMBEDDED and isinstance(node.node, nodes.Const):
            yield str(node.node.value)
