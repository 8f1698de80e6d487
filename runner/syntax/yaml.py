"""YAML to trees that know their places, and trees to plain values; the only home of PyYAML's loader.

Nothing is ever constructed but text, numbers, booleans, null, dates, lists, tables and encrypted values (`!vault`): a
tag that asks for anything else is a Problem. Scalars are typed as YAML 1.1 says, because that is what Ansible's files
mean (https://docs.ansible.com/ansible/latest/reference_appendices/YAMLSyntax.html). The tree is built from libyaml's
events without recursion, so that hostile nesting cannot overflow a stack.
"""

from __future__ import annotations

import binascii
import codecs
from collections.abc import Iterator
from dataclasses import field
from functools import lru_cache
from typing import Any, Final

import yaml

from runner.model.quick import dataclass
from runner.model.span import Problem, Span
from runner.model.values import Template, Vaulted
from runner.syntax import yaml_hints

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 200
MAX_ALIASED: Final = 1_000_000

_CORE: Final = "tag:yaml.org,2002:"
_TABLE_TAGS: Final = frozenset({None, "!", f"{_CORE}map", "!unsafe"})
_LISTING_TAGS: Final = frozenset({None, "!", f"{_CORE}seq", "!unsafe"})
_SCALAR_TAGS: Final = frozenset(f"{_CORE}{name}" for name in ("null", "bool", "int", "float", "binary", "timestamp"))
_VAULT_TAGS: Final = frozenset({"!vault", "!vault-encrypted"})
_VAULT_HINT: Final = "write it with `pbrun vault encrypt_string`; all its lines are indented below `!vault |`"
_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """One word or text. `value` is typed (str, int, float, bool, None, date …); `text` is what was written.

    `unsafe`: it has the tag `!unsafe`, so it is never a template. `quoted`: not a plain scalar.
    """

    value: Any
    text: str
    span: Span
    unsafe: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    items: tuple[Tree, ...]
    span: Span
    unsafe: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, in the order written; merge keys (`<<`) are resolved and of doubled keys the last is kept."""

    entries: tuple[tuple[Scalar, Tree], ...]
    span: Span
    unsafe: bool = False

    def entry(self, name: object) -> tuple[Scalar, Tree] | None:
        """The key and the value of `name`, or None."""
        return next(((key, value) for key, value in self.entries if key.value == name), None)

    def get(self, name: object) -> Tree | None:
        """The value of `name`, or None."""
        found = self.entry(name)
        return found[1] if found else None


Tree = Scalar | Listing | Table


def parse(text: str | bytes, path: str) -> tuple[Tree | None, list[Problem]]:
    """The tree of the one document in `text`, and what is wrong with it; None for an empty or broken document.

    `path` is for the places. Doubled keys are warnings; everything else is an error. Raises nothing.
    """
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        message = f"the file has {len(data)} bytes; at most {MAX_BYTES} are read"
        return None, [Problem(Span(path), message)]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None, [Problem(Span(path), "the file is UTF-16, not UTF-8 text", "save it as UTF-8")]
    builder = _Builder(path)
    try:
        root = builder.build(_events(data))
    except yaml.YAMLError as error:
        return None, _told([*builder.problems, yaml_hints.syntax_problem(error, data, path)], data)
    except _Stop as stop:
        return None, _told([*builder.problems, stop.problem], data)
    return root, _told(builder.problems, data)


def plain(tree: Tree | None, trusted: bool = True) -> Any:
    """The Python value of a tree. Text that holds a Jinja mark becomes a `Template` with its place if `trusted`.

    Keys stay plain text, and so does everything under `!unsafe`.
    """
    if tree is None:
        return None
    trusted = trusted and not tree.unsafe
    if isinstance(tree, Scalar):
        value = tree.value
        if trusted and isinstance(value, str) and "{" in value and any(m in value for m in ("{{", "{%", "{#")):
            return Template(value, tree.span)
        return value
    if isinstance(tree, Listing):
        return [plain(item, trusted) for item in tree.items]
    return {key.value: plain(value, trusted) for key, value in tree.entries}


def at(tree: Tree | None, *path: str | int) -> Tree | None:
    """The part of a tree that a path of keys and list positions leads to, or None: `at(tree, 0, "tasks", 3)`."""
    for step in path:
        if isinstance(tree, Table):
            tree = tree.get(step)
        elif isinstance(tree, Listing) and isinstance(step, int) and step < len(tree.items):
            tree = tree.items[step]
        else:
            return None
    return tree


def _told(problems: list[Problem], data: bytes) -> list[Problem]:
    told = [yaml_hints.add_template_hint(problem, data) for problem in problems]
    return list({(problem.span, problem.message): problem for problem in told}.values())


@lru_cache(maxsize=8192)
def _implicit(text: str) -> str:
    """The tag of a plain scalar; the same words stand in many files."""
    resolvers: dict[Any, Any] = yaml.SafeLoader.yaml_implicit_resolvers
    for tag, pattern in resolvers.get(text[:1], ()):
        if pattern.match(text):
            return str(tag)
    return f"{_CORE}str"


def _events(data: bytes) -> Iterator[Any]:
    return iter(_Loader(data).get_event, None)


class _Stop(Exception):
    """Reading cannot go on."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(slots=True)
class _Open:
    """A list or table whose end has not come yet; `parts` of a table alternate between keys and values. `weight` and
    `height` are of those parts that were `weighed`; the others are scalars."""

    table: bool
    span: Span
    anchor: str | None
    unsafe: bool
    parts: list[Tree] = field(default_factory=list)
    weighed: int = 0
    weight: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True)
class _Anchored:
    tree: Tree
    weight: int
    height: int


class _Builder:
    """Folds events into a tree."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.open: list[_Open] = []
        self.anchors: dict[str, _Anchored | None] = {}
        self.aliased = 0
        self.root: Tree | None = None
        self.documents = 0
        self.typed: dict[str, Any] = {}
        self.constructor: Any = yaml.constructor.SafeConstructor()

    def build(self, events: Iterator[Any]) -> Tree | None:
        """The root; raises yaml.YAMLError and _Stop."""
        scalar, opened = yaml.ScalarEvent, self.open
        for event in events:
            kind = type(event)
            if kind is scalar:
                # Nine of ten events are scalars without an anchor: their way is short.
                tree = self._untagged(event) if event.tag is None else self._tagged(event)
                if opened and event.anchor is None:
                    opened[-1].parts.append(tree)
                else:
                    self._add(tree, event.anchor, 1, 1)
            elif kind is yaml.MappingStartEvent:
                self._begin(event, table=True)
            elif kind is yaml.SequenceStartEvent:
                self._begin(event, table=False)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._end()
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                self.documents += 1
                if self.documents > 1:
                    hint = "keep one document per file; remove the extra '---'"
                    raise _Stop(Problem(self._span(event), "the file holds several YAML documents", hint))
        return self.root

    def _span(self, event: Any) -> Span:
        mark = event.start_mark
        return Span(self.path, mark.line + 1, mark.column + 1)

    def _error(self, span: Span, message: str, hint: str = "") -> None:
        self.problems.append(Problem(span, message, hint))

    def _begin(self, event: Any, table: bool) -> None:
        span = self._span(event)
        if len(self.open) >= MAX_DEPTH:
            raise _Stop(Problem(span, f"nested deeper than {MAX_DEPTH} levels"))
        if event.tag not in (_TABLE_TAGS if table else _LISTING_TAGS):
            self._unknown_tag(event.tag, span)
        if event.anchor:
            self.anchors[event.anchor] = None
        self.open.append(_Open(table, span, event.anchor, event.tag == "!unsafe"))

    def _end(self) -> None:
        done = self.open.pop()
        tree: Tree
        leaves = len(done.parts) - done.weighed
        weight, height = done.weight + leaves, max(done.height, 2 if leaves else 1)
        if not done.table:
            tree = Listing(tuple(done.parts), done.span, done.unsafe)
        elif (entries := self._entries(done)) is not None:
            tree = Table(entries, done.span, done.unsafe)
        else:
            self._error(done.span, "a key of a table must be one word, not a list or a table")
            tree = Scalar(None, "", done.span)
        self._add(tree, done.anchor, weight, height)

    def _add(self, tree: Tree, anchor: str | None, weight: int, height: int) -> None:
        if anchor:
            self.anchors[anchor] = _Anchored(tree, weight, height)
        if not self.open:
            self.root = tree
            return
        parent = self.open[-1]
        parent.parts.append(tree)
        parent.weighed += 1
        parent.weight += weight
        if height >= parent.height:
            parent.height = height + 1
            if height >= MAX_DEPTH:
                raise _Stop(Problem(tree.span, f"nested deeper than {MAX_DEPTH} levels"))

    def _alias(self, event: Any) -> None:
        span = self._span(event)
        if event.anchor not in self.anchors:
            raise _Stop(Problem(span, f"the alias '*{event.anchor}' has no anchor '&{event.anchor}' before it"))
        found = self.anchors[event.anchor]
        if found is None:
            raise _Stop(Problem(span, f"the alias '*{event.anchor}' stands inside its own anchor: a cycle"))
        self.aliased += found.weight
        if self.aliased > MAX_ALIASED:
            raise _Stop(Problem(span, f"aliases unfold to more than {MAX_ALIASED} values"))
        self._add(found.tree, None, found.weight, found.height)

    def _unknown_tag(self, tag: str, span: Span) -> None:
        shown = tag.replace(_CORE, "!!")
        if tag in _VAULT_TAGS:
            self._error(span, f"{tag} goes with text only, not with a list or a table", _VAULT_HINT)
            return
        self._error(span, f"unknown tag {shown!r}", "only !unsafe, !vault and YAML's own simple types can be used")

    def _untagged(self, event: Any) -> Scalar:
        text: str = event.value
        mark = event.start_mark
        span = Span(self.path, mark.line + 1, mark.column + 1)
        if event.style:
            return Scalar(text, text, span, False, True)
        value = self.typed.get(text, _Open)
        if value is _Open:
            value = self.typed[text] = self._typed(_implicit(text), text, span)
        return Scalar(value, text, span)

    def _tagged(self, event: Any) -> Scalar:
        text: str = event.value
        tag: str = event.tag
        span = self._span(event)
        if tag in ("!", f"{_CORE}str"):
            return Scalar(text, text, span, False, True)
        if tag == "!unsafe":
            return Scalar(text, text, span, True, True)
        if tag in _SCALAR_TAGS:
            return Scalar(self._typed(tag, text, span), text, span)
        if tag in _VAULT_TAGS:
            if not text.lstrip().startswith("$ANSIBLE_VAULT;"):
                self._error(span, f"what follows {tag} is not vault data", _VAULT_HINT)
            return Scalar(Vaulted(text, span), text, span, False, True)
        if not (text == "" and tag in _TABLE_TAGS | _LISTING_TAGS):
            self._unknown_tag(tag, span)
        return Scalar(text, text, span, True, True)

    def _typed(self, tag: str, text: str, span: Span) -> Any:
        if tag not in _SCALAR_TAGS:
            return text
        try:
            make = yaml.constructor.SafeConstructor.yaml_constructors[tag]
            return make(self.constructor, yaml.ScalarNode(tag, text))
        except (ValueError, KeyError, OverflowError, AttributeError, binascii.Error, yaml.YAMLError):
            kind = {"timestamp": "date"}.get(tag.removeprefix(_CORE), tag.removeprefix(_CORE))
            self._error(span, f"{text[:40]!r} is not a valid {kind}", "put quotes around it if it is text")
            return text

    def _entries(self, done: _Open) -> tuple[tuple[Scalar, Tree], ...] | None:
        """The keys and values of a table; None if a key is no scalar."""
        found: dict[Any, tuple[Scalar, Tree]] = {}
        merged: list[Tree] = []
        parts = iter(done.parts)
        for key, value in zip(parts, parts, strict=True):
            if not isinstance(key, Scalar):
                return None
            if key.text == "<<" and not key.quoted:
                merged.append(value)
                continue
            if key.value in found:
                first = found[key.value][0].span.line
                message = f"the key {key.text!r} stands here twice (first on line {first}); the last one counts"
                self.problems.append(Problem(key.span, message, "remove one of them", "warning", "duplicate_key"))
            found[key.value] = (key, value)
        return self._merge(merged, found) if merged else tuple(found.values())

    def _merge(self, merged: list[Tree], own: dict[Any, tuple[Scalar, Tree]]) -> tuple[tuple[Scalar, Tree], ...]:
        """Merge keys (https://yaml.org/type/merge.html): own keys win, then the first table that has the key."""
        result: dict[Any, tuple[Scalar, Tree]] = {}
        for value in merged:
            for table in value.items if isinstance(value, Listing) else (value,):
                if not isinstance(table, Table):
                    self._error(table.span, "'<<' merges tables only")
                    continue
                for key, part in table.entries:
                    result.setdefault(key.value, (key, part))
        return tuple({**result, **own}.values())
