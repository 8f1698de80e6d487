"""One play: its keywords, its roles and its lists of tasks."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from runner import registry
from runner.arguments import ArgumentError, to_bool
from runner.load.collections import around_collection
from runner.load.context import Context, Place
from runner.load.fields import check_name, has_mark, tag_words, unknown_keyword, variables, words
from runner.load.inherit import directives
from runner.load.keywords import KEYWORDS
from runner.load.nodes import load_nodes, read_fields
from runner.load.roles import load_role_list
from runner.model.inventory import FileVars
from runner.model.playbook import Around, Directives, Node, Play, Prompt
from runner.model.values import Template
from runner.syntax.yaml import Listing, Scalar, Table, Tree, plain
from runner.vars.doubts import of_name

_ORDERS = ("inventory", "reverse_inventory", "sorted", "reverse_sorted", "shuffle")
_PROMPT_KEYS = ("name", "prompt", "private", "default", "confirm", "encrypt", "salt", "salt_size", "unsafe")


def load_play(
    context: Context,
    table: Table,
    place: Place,
    handed: Around,
    beside: FileVars,
) -> Play:
    """The play in `table`; `handed` is what import_playbook adds (tags, when, vars). Mistakes are noted."""
    fields, others = read_fields(context, table, "play")
    for key, _ in others:
        _not_a_keyword(context, table, key)
    own_vars = {**variables(context.reading, fields.get("vars")), **handed.vars}
    context.play_vars = own_vars
    given = _with_own_collection(directives(context.defaults, fields), place.file)
    tags = handed.tags | tag_words(fields.get("tags"))
    around = Around(given, tags=tags, when=handed.when)

    def section(name: str) -> tuple[Node, ...]:
        inner = Place(place.file, f"{place.key}/{name}", place.chain)
        return load_nodes(context, fields.get(name), around, inner)

    pre_tasks = section("pre_tasks")
    roles, role_handlers, listed = _roles(context, fields.get("roles"), around, place)
    tasks, post_tasks = section("tasks"), section("post_tasks")
    plain_around = Around(given, tags=tags)
    handlers_place = Place(place.file, f"{place.key}/handlers", place.chain, handlers=True)
    own_handlers = load_nodes(context, fields.get("handlers"), plain_around, handlers_place)
    hosts = _hosts(context, table, fields.get("hosts"))
    return Play(
        id=context.new_id(place.key, "play", hosts),
        name=_play_name(fields, hosts),
        hosts=hosts,
        span=table.span,
        path=str(Path(place.file).absolute()),
        vars=own_vars,
        directives=given,
        tags=tags,
        pre_tasks=pre_tasks,
        roles=roles,
        tasks=tasks,
        post_tasks=post_tasks,
        handlers=(*role_handlers, *own_handlers, *context.handlers),
        beside_playbook=beside,
        public_roles=tuple(context.public_roles),
        role_names=(*listed, *context.imported_roles),
        dependent_role_names=tuple(context.dependent_roles),
        **_play_keywords(context, fields),
    )


def _with_own_collection(given: Directives, path: str) -> Directives:
    """A playbook of a collection finds that collection's roles by their short names."""
    own = around_collection(path)
    if not own or own in given.collections:
        return given
    return replace(given, collections=(own, *given.collections))


def _not_a_keyword(context: Context, table: Table, key: Scalar) -> None:
    if registry.own("modules", key.text) in registry.names("modules") and table.get("hosts") is None:
        hint = "a playbook is a list of plays: put tasks under 'tasks:' of a play with 'hosts:'"
        context.reading.error(key.span, f"this is a task ({key.text}), not a play", hint)
        return
    unknown_keyword(context.reading, key, "play")


def _roles(
    context: Context, tree: Tree | None, around: Around, place: Place
) -> tuple[tuple[Node, ...], list[Node], list[str]]:
    """The tasks, the handlers and the names of the play's list of roles."""
    if not isinstance(tree, Listing):
        return (), [], []
    loaded = load_role_list(context, tree, around, Place(place.file, f"{place.key}/roles", place.chain))
    # Ansible reads `roles` first, whatever stands before them.
    context.public_roles[:0] = [found.role for found in loaded]
    nodes = [node for found in loaded for node in found.tasks]
    handlers = [node for found in loaded for node in found.handlers]
    return tuple(nodes), handlers, [found.role.name for found in loaded]


def _hosts(context: Context, table: Table, tree: Tree | None) -> Any:
    value = plain(tree)
    if table.get("hosts") is None:
        if not any(registry.own("modules", key.text) in registry.names("modules") for key, _ in table.entries):
            context.reading.error(table.span, "the play does not say on which hosts", "add 'hosts: PATTERN'")
        return ""
    if value in (None, "", []) and tree is not None:
        context.reading.error(tree.span, "'hosts' is empty", "write a host, a group or a pattern, such as 'all'")
        return ""
    return list(map(str, value)) if isinstance(value, list) and not any(map(has_mark, value)) else value


def _play_name(fields: Mapping[str, Tree], hosts: Any) -> str:
    name = plain(fields.get("name"))
    if name:
        return name if isinstance(name, str) else str(name)
    text = ",".join(map(str, hosts)) if isinstance(hosts, list) else str(hosts)
    return Template(text) if has_mark(text) else text


def _play_keywords(context: Context, fields: Mapping[str, Tree]) -> dict[str, Any]:
    """The keywords that belong to the play alone."""
    found: dict[str, Any] = {}
    for name in ("gather_facts", "strategy", "order", "max_fail_percentage", "force_handlers"):
        if name in fields:
            found[name] = plain(fields[name])
    _plain_flag(found, "gather_facts")
    order = found.get("order")
    if order is not None and not has_mark(order) and order not in _ORDERS:
        known = registry.nearest(str(order), _ORDERS) or f"one of: {', '.join(_ORDERS)}"
        context.reading.error(fields["order"].span, f"{order!r} is not an order of hosts", known)
    strategy = found.get("strategy")
    known_strategies = registry.names("strategies")
    if strategy is not None and registry.short(str(strategy)) == "debug":
        context.reading.warn(fields["strategy"].span, "there is no debugger: strategy 'debug' is 'linear' here")
        strategy = found["strategy"] = "linear"
    if strategy is not None and not has_mark(strategy) and registry.short(str(strategy)) not in known_strategies:
        hint = registry.nearest(str(strategy), known_strategies) or f"one of: {', '.join(known_strategies)}"
        context.reading.error(fields["strategy"].span, f"there is no strategy {strategy!r}", hint)
        del found["strategy"]
    if "gather_subset" in fields:
        found["gather_subset"] = words(fields["gather_subset"])
    if "vars_files" in fields:
        value = plain(fields["vars_files"])
        found["vars_files"] = tuple(value) if isinstance(value, list) else () if value is None else (value,)
    if "serial" in fields:
        found["serial"] = _serial(context, fields["serial"])
    if "needs" in fields:
        found["needs"] = words(fields["needs"])
    if "vars_prompt" in fields:
        found["vars_prompt"] = _prompts(context, fields["vars_prompt"])
    return found


def _plain_flag(found: dict[str, Any], name: str) -> None:
    """A yes/no keyword in any of its spellings; a template is left for later."""
    value = found.get(name)
    if value is not None and not has_mark(value):
        # What is neither yes nor no was noted when the keyword was read.
        with contextlib.suppress(ArgumentError):
            found[name] = to_bool(value)


def _serial(context: Context, tree: Tree) -> tuple[Any, ...]:
    """Numbers and percentages of hosts (https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_strategies.html)."""
    value = plain(tree)
    items = value if isinstance(value, list) else [] if value is None else [value]
    for item in items:
        text = str(item).strip()
        number = text.removesuffix("%")
        if not has_mark(item) and not (number.isdecimal() and not isinstance(item, bool)):
            hint = "write a number of hosts or a percentage, such as 5 or '20%'"
            context.reading.error(tree.span, f"'serial' cannot be {text!r}", hint)
    return tuple(items)


def _prompts(context: Context, tree: Tree) -> tuple[Prompt, ...]:
    prompts: list[Prompt] = []
    for item in tree.items if isinstance(tree, Listing) else (tree,):
        if not isinstance(item, Table) or item.get("name") is None:
            context.reading.error(item.span, "an entry of 'vars_prompt' must be a table with 'name'")
            continue
        for key, _ in item.entries:
            if key.text not in _PROMPT_KEYS:
                near = registry.nearest(key.text, _PROMPT_KEYS)
                context.reading.error(key.span, f"{key.text!r} is not a keyword of vars_prompt", near)
        name = item.get("name")
        if isinstance(name, Scalar) and check_name(context.reading, name.value, name.span):
            context.reading.note(of_name(name.text, name.span))
            prompts.append(_prompt(context, item, name.text))
    return tuple(prompts)


def _prompt(context: Context, item: Table, name: str) -> Prompt:
    scheme = item.get("encrypt")
    if isinstance(scheme, Scalar) and scheme.text and not has_mark(scheme.text):
        _check_scheme(context, scheme)
    fields = ("prompt", "private", "default", "confirm", "encrypt", "salt", "salt_size")
    given = {field: plain(item.get(field)) for field in fields}
    return Prompt(name, span=item.span, **{field: value for field, value in given.items() if value is not None})


def _check_scheme(context: Context, scheme: Scalar) -> None:
    from runner.template.filters_crypto import schemes

    if scheme.text not in schemes():
        hint = registry.nearest(scheme.text, schemes()) or f"known are {', '.join(schemes())}"
        context.reading.error(scheme.span, f"there is no way to encrypt named {scheme.text!r}", hint)


def is_import(table: Table) -> bool:
    """Whether an entry of a playbook imports another playbook."""
    return any(registry.short(key.text) == "import_playbook" for key, _ in table.entries)


def known_in_import(key: Scalar) -> bool:
    """Whether a keyword may stand beside import_playbook."""
    keyword = KEYWORDS.get(registry.short(key.text))
    return keyword is not None and "import_playbook" in keyword.where
