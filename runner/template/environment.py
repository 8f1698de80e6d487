"""Jinja2's environment, changed where Ansible's templates differ: native results, lazy values, a tighter sandbox."""

from __future__ import annotations

import threading
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from typing import Any, Final, Protocol

from jinja2.environment import Template as Compiled
from jinja2.environment import TemplateModule
from jinja2.exceptions import TemplateNotFound, TemplatesNotFound
from jinja2.lexer import Lexer
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment
from jinja2.utils import missing

from runner.errors import TemplateError
from runner.model.values import OMIT, Unknown, UnknownReached
from runner.template.calls import first_odd, unknown_in
from runner.template.codegen import EscapingLexer, Generator
from runner.template.finish import join_text, printable
from runner.template.lazy import Lazy, LazyDict, LazyList, deepen
from runner.template.limits import check_binop, check_call
from runner.template.markers import Failed, MarkerReached, Missing, absent
from runner.template.own import OwnDict, OwnList

SCOPE: Final = "\0scope"
# What a call may give that is a list to users, as `{{ d.keys()[0] }}` shows.
_VIEWS: Final = (Iterator, KeysView, ValuesView, ItemsView)
_LAZY_METHODS: Final = frozenset({"get", "items", "keys", "values"})


class Resolver(Protocol):
    """Where a context finds variables; gives jinja2's `missing` when there is none of this name."""

    def resolve(self, name: str) -> Any: ...


class VariableContext(Context):
    """Looks names up in this order: set by the template, loop variables of an including one, variables, globals."""

    def resolve_or_missing(self, key: str) -> Any:
        if key in self.vars:
            return self.vars[key]
        parent = self.parent
        inherited = parent.get(key, missing)
        if inherited is not missing and inherited is not self.environment.globals.get(key, missing):
            return inherited
        scope: Resolver | None = parent.get(SCOPE)
        if scope is not None:
            found = scope.resolve(key)
            if found is not missing:
                return found
        return inherited


class Includes(Protocol):
    """Gives the compiled template that `{% include %}` and its like name."""

    def included(self, environment: Environment, name: str) -> Compiled: ...


class Environment(ImmutableSandboxedEnvironment):
    """See the file's first line. `escapes`: whether `EscapingLexer` reads it. `includes`: finds included files."""

    context_class = VariableContext
    code_generator_class = Generator
    intercepted_binops = frozenset({"*", "**", "%"})
    escapes = False
    includes: Includes | None = None
    own_lexer: Lexer | None = None
    own_list = OwnList
    own_dict = OwnDict

    @property
    def lexer(self) -> Lexer:
        """The lexer for this environment's delimiters, made once."""
        if self.own_lexer is None:
            self.own_lexer = EscapingLexer(self) if self.escapes else Lexer(self)
        return self.own_lexer

    @staticmethod
    def concat(parts: Iterable[Any]) -> Any:
        """One part as it is, several as text, none as None; the first marker or unknown instead, if there is one."""
        found = [part for part in parts if part is not None]
        if TemplateModule in map(type, found):
            found = [part for part in _flat(found) if part is not None]
        if not found:
            return None
        if len(found) == 1:
            return found[0]
        odd = first_odd(tuple(found), {})
        if odd is not None:
            return odd
        try:
            return join_text([part for part in found if part is not OMIT])
        except MarkerReached as reached:
            return reached.marker
        except UnknownReached as reached:
            return reached.unknown

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`: an attribute that the sandbox allows, else an item, else undefined."""
        if isinstance(obj, Missing | Unknown):
            return obj
        if isinstance(obj, Lazy):
            kind: type = dict if isinstance(obj, LazyDict) else list
            if attribute not in _LAZY_METHODS and hasattr(kind, attribute) and not attribute.startswith("_"):
                return self.getattr(obj._force(), attribute)
            if isinstance(obj, LazyList) or attribute not in _LAZY_METHODS:
                return self._item(obj, attribute, safe=not attribute.startswith("_"))
        try:
            value = getattr(obj, attribute)
        except AttributeError:
            return self._item(obj, attribute, safe=True)
        if (format_method := self.wrap_str_format(value)) is not None:
            return format_method
        if self.is_safe_attribute(obj, attribute, value):
            return value
        return self._item(obj, attribute, safe=False)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`; text falls back to an attribute as in Jinja."""
        if isinstance(obj, Missing | Unknown):
            return obj
        if isinstance(argument, Missing | Unknown):
            return argument
        try:
            return obj[argument]
        except TemplateError as error:
            return absent(error)
        except (AttributeError, TypeError, LookupError):
            if isinstance(argument, str) and not isinstance(obj, Lazy):
                return self.getattr(obj, argument)
            return Missing(obj=obj, name=argument)

    def _item(self, obj: Any, attribute: str, *, safe: bool) -> Any:
        try:
            return obj[attribute]
        except TemplateError as error:
            return absent(error)
        except (TypeError, LookupError, AttributeError):
            return Missing(obj=obj, name=attribute) if safe else self.unsafe_undefined(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """What a template wrote itself it may change; variables it may not."""
        if isinstance(obj, OwnList | OwnDict):
            return SandboxedEnvironment.is_safe_attribute(self, obj, attr, value)
        return super().is_safe_attribute(obj, attr, value)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Any:
        """What the sandbox refuses is an error, not merely undefined: `default` must not hide it."""
        what = f"access to attribute {attribute!r} of {type(obj).__name__!r} object is unsafe"
        return Failed(TemplateError(what, kind="security"))

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A call in a template: macros and our own functions see arguments as they are, others see plain ones."""
        if isinstance(obj, Failed):
            obj.trip()
        if isinstance(obj, Unknown | Missing):
            return obj
        if not isinstance(obj, Macro):
            odd = first_odd(args, kwargs)
            if odd is not None:
                return odd
            args = tuple([deepen(part) for part in args])
            kwargs = {key: deepen(part) for key, part in kwargs.items()}
            if not _keeps_unknowns(obj) and (unknown := unknown_in((*args, *kwargs.values()))) is not None:
                return unknown
            check_call(obj, args, kwargs)
        try:
            result = super().call(context, obj, *args, **kwargs)
        except MarkerReached as reached:
            return reached.marker
        except UnknownReached as reached:
            return reached.unknown
        return _fresh(obj, result)

    @staticmethod
    def joined(parts: tuple[Any, ...]) -> Any:
        """`a ~ b`."""
        return join_text(parts)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """`*`, `**` and `%` with a look at how big the result would be."""
        if operator == "%" and isinstance(left, str):
            right = deepen(right)
            if (unknown := unknown_in(right)) is not None:
                return unknown
            right = tuple([printable(part) for part in right]) if isinstance(right, tuple) else printable(right)
        check_binop(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def get_template(
        self,
        name: str | Compiled,
        parent: str | None = None,  # noqa: ARG002
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002, ARG002
    ) -> Compiled:
        """The template an `include`, `import` or `extends` names. Raises TemplateError when nobody can load any."""
        if isinstance(name, Compiled):
            return name
        if self.includes is None:
            raise TemplateError(f"cannot load {name!r}: templates cannot be included here")
        return self.includes.included(self, name)

    def select_template(
        self,
        names: Any,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002
    ) -> Compiled:
        """The first of several that can be loaded."""
        for name in names:
            try:
                return self.get_template(name, parent, globals)
            except TemplateNotFound:
                continue
        raise TemplatesNotFound(list(names))

    def get_or_select_template(
        self,
        template_name_or_list: Any,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002
    ) -> Compiled:
        """One name or several."""
        if isinstance(template_name_or_list, str | Compiled):
            return self.get_template(template_name_or_list, parent, globals)
        return self.select_template(template_name_or_list, parent, globals)


def _fresh(function: Any, result: Any) -> Any:
    """What a method made anew (`'a,b'.split(',')`, `d.copy()`, `d.items()`) is the template's own: it may change it."""
    if isinstance(result, _VIEWS):
        return OwnList(result)
    owner = getattr(function, "__self__", None)
    if type(result) is list and isinstance(owner, str | list):
        return OwnList(result)
    return OwnDict(result) if type(result) is dict and getattr(function, "__name__", "") == "copy" else result


def _keeps_unknowns(function: Any) -> bool:
    """Whether a call only puts its arguments into something: `dict(…)`, `namespace(…)`, `found.append(…)`."""
    return isinstance(function, type) or isinstance(getattr(function, "__self__", None), list | dict)


class Local(threading.local):
    """What is being rendered in this thread: the chain of variables, and who loads included files."""

    def __init__(self) -> None:
        self.chain: list[tuple[int, str]] = []
        self.loader: Any = None
        self.turns = 0


def _flat(parts: Iterable[Any]) -> Iterator[Any]:
    for part in parts:
        if isinstance(part, TemplateModule):
            yield from _flat(part._body_stream)
        else:
            yield part


def new_context(template: Compiled, scope: Resolver, extra: Mapping[str, Any] | None = None) -> Context:
    """A context in which `template` finds `scope`'s variables.

    It is not told the template's globals: Jinja asks which of them an imported template has not, and all templates
    have those of the environment. Counting them took as long as a short template."""
    environment = template.environment
    parent: dict[str, Any] = {**environment.globals, SCOPE: scope}
    if extra:
        parent.update(extra)
    return environment.context_class(environment, parent, template.name, template.blocks)
