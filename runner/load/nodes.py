"""Lists of tasks and blocks, as they stand in plays, blocks, roles and task files, made into values of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from runner import registry
from runner.load.action import Action, Keyed, find_action
from runner.load.arguments_check import checked, spec_of, unknown_module
from runner.load.context import Context, Import, Place
from runner.load.doubts import of_keyword
from runner.load.fields import check_name, conditions, has_mark, right_kind, unknown_keyword, variables, words
from runner.load.inherit import directives, handed_down
from runner.load.keywords import KEYWORDS
from runner.load.loops import read_loop
from runner.load.reading import Reading
from runner.load.static_names import static_tags
from runner.model.past import Policy
from runner.model.playbook import STREAMED, Around, Block, Node, Task
from runner.registry import BUILTIN, nearest
from runner.syntax.yaml import Listing, Scalar, Table, Tree, plain
from runner.vars.doubts import of_name

STATIC: Final = frozenset({"import_tasks", "import_role"})
DYNAMIC: Final = frozenset({"include_tasks", "include_role"})


def load_nodes(context: Context, tree: Tree | None, around: Around, place: Place) -> tuple[Node, ...]:
    """The tasks and blocks of a list; static imports are replaced by what they name. Mistakes are noted."""
    if tree is None or (isinstance(tree, Scalar) and tree.value is None):
        return ()
    if not isinstance(tree, Listing):
        _not_a_list(context, tree)
        return ()
    nodes: list[Node] = []
    for number, item in enumerate(tree.items):
        if isinstance(item, Scalar) and item.value is None:
            continue
        if not isinstance(item, Table):
            shown = repr(item.text[:40]) if isinstance(item, Scalar) else "a list"
            hint = "check the indentation: 'module: arguments' stands below '- name:'"
            context.reading.error(item.span, f"a task must be a table of keywords, not {shown}", hint)
            continue
        inner = place.inside(str(number))
        if "block" in {key.text for key, _ in item.entries}:
            nodes += _load_block(context, item, around, inner)
        else:
            nodes += _load_task(context, item, around, inner)
    return tuple(nodes)


def _not_a_list(context: Context, tree: Tree) -> None:
    context.reading.holes += 1
    if isinstance(tree, Table) and tree.entry("hosts"):
        hint = "use import_playbook at the top of a playbook for whole plays"
        context.reading.error(tree.span, "a list of tasks is wanted here, not a play", hint)
        return
    shown = repr(tree.text[:40]) if isinstance(tree, Scalar) else "a table"
    context.reading.error(tree.span, f"a list of tasks is wanted here, not {shown}", "begin each task with '- '")


def read_fields(context: Context, table: Table, where: str) -> tuple[dict[str, Tree], list[Keyed]]:
    """The keywords of a table that are right, and the entries whose keys are none (or, in a task, none here).

    Those are the caller's: they may be modules, or arguments that stand too far left.
    """
    fields: dict[str, Tree] = {}
    others: list[Keyed] = []
    for key, value in table.entries:
        keyword = KEYWORDS.get(key.text)
        if keyword is None:
            others.append((key, value))
        elif where not in keyword.where:
            if where in ("task", "handler"):
                others.append((key, value))
            else:
                unknown_keyword(context.reading, key, where)
        elif key.text == "loop" or right_kind(context.reading, key, value, where):
            fields[key.text] = value
            context.reading.note(of_keyword(key, value))
            if key.text == "module_defaults":
                _check_defaults(context.reading, value)
            elif key.text == "debugger" and plain(value) not in (None, "never"):
                advice = "leave it out, or write 'never'"
                context.reading.warn(value.span, f"there is no debugger: {plain(value)!r} does nothing here", advice)
    return fields, others


def _check_defaults(reading: Reading, tree: Tree) -> None:
    """Warn of defaults for modules that are not there: no task gets them."""
    for table in tree.items if isinstance(tree, Listing) else (tree,):
        for key, _ in table.entries if isinstance(table, Table) else ():
            module = registry.own("modules", key.text)
            group = key.text.startswith("group/") or has_mark(key.text)
            if not group and not spec_of(module) and not reading.record.brings_module(module, ()):
                what, _advice = unknown_module(key.text)
                reading.warn(key.span, what, "no task gets these defaults")


def _load_block(context: Context, table: Table, around: Around, place: Place) -> tuple[Node, ...]:
    fields, others = read_fields(context, table, "block")
    for key, _ in others:
        unknown_keyword(context.reading, key, "block")
    if place.handlers and ("rescue" in fields or "always" in fields):
        hint = "write these tasks as handlers of their own"
        context.reading.warn(table.span, "rescue and always of a block of handlers never run", hint)
    inner = handed_down(context.reading, around, fields)
    block = Block(
        id=context.new_id(place.key, "block", ()),
        name=_name(fields),
        span=table.span,
        block=load_nodes(context, fields.get("block"), inner, place.inside("block")),
        rescue=load_nodes(context, fields.get("rescue"), inner, place.inside("rescue")),
        always=load_nodes(context, fields.get("always"), inner, place.inside("always")),
    )
    return (block,)


def _load_task(context: Context, table: Table, around: Around, place: Place) -> tuple[Node, ...]:
    where = "handler" if place.handlers else "task"
    fields, others = read_fields(context, table, where)
    loops = [entry for entry in others if entry[0].text.startswith("with_")]
    others = [entry for entry in others if entry not in loops]
    loops += [entry for entry in table.entries if entry[0].text == "loop"]
    action = find_action(context.reading, table, fields, others, where)
    if action is None:
        handed_down(context.reading, Around(), fields)
        context.reading.lost += [_name(fields), *words(fields.get("listen"))]
        return ()
    given = directives(around.directives, fields)
    action = checked(
        context.reading, _of_collections(context.reading, action, given.collections), given.module_defaults
    )
    if action.local and "delegate_to" in fields:
        hint = "write 'action', or leave out delegate_to"
        context.reading.error(action.span, "local_action says already where it runs", hint)
    if place.handlers and action.module in ("import_role", "include_role"):
        context.reading.error(action.span, "a role cannot be a handler", "notify its handlers instead")
        return ()
    if action.module in STATIC:
        return _import(context, around, place, fields, action, loops)
    if action.module == "set_fact":
        for fact in action.args:
            context.reading.note(of_name(fact, action.spans.get(fact, action.span)))
    if action.module in DYNAMIC:
        _check_include_keywords(context, table, action)
    return (_task(context, around, place, fields, action, loops),)


def _of_collections(reading: Reading, action: Action, collections: tuple[str, ...]) -> Action:
    """The action with the module that the keyword `collections` makes of its short name, where that is not ours."""
    if not collections or "." in action.written or not spec_of(action.module):
        return action
    for collection in collections:
        if collection in (BUILTIN, "ansible.legacy", registry.collection("modules", action.module)):
            return action
        whole = f"{collection}.{action.module}"
        if reading.record.brings_module(whole, ()):
            return replace(action, module=whole)
    return action


def _import(
    context: Context,
    around: Around,
    place: Place,
    fields: Mapping[str, Tree],
    action: Action,
    loops: list[Keyed],
) -> tuple[Node, ...]:
    if loops:
        hint = f"use {action.module.replace('import', 'include')}, which can loop"
        context.reading.error(loops[0][0].span, f"{action.module} cannot loop: it is replaced before the run", hint)
    inner = handed_down(context.reading, around, fields)
    own = variables(context.reading, fields.get("vars"))
    return context.expand[action.module](context, Import(action.args, action.spans, action.span, inner, own), place)


def _check_include_keywords(context: Context, table: Table, action: Action) -> None:
    for key, _ in table.entries:
        keyword = KEYWORDS.get(key.text)
        if keyword and "include" not in keyword.where:
            hint = f"to hand it to the included tasks, put it under 'apply' in the arguments of {action.module}"
            context.reading.error(key.span, f"{key.text!r} cannot stand on {action.module}", hint)


def _task(
    context: Context,
    around: Around,
    place: Place,
    fields: Mapping[str, Tree],
    action: Action,
    loops: list[Keyed],
) -> Task:
    """The task itself; `around` is what it inherits."""
    reading = context.reading
    own = handed_down(reading, around, fields)
    args, apply = _without_apply(context, action) if action.module in DYNAMIC else (action.args, {})
    brought = not spec_of(action.module) and reading.record.brings_module(action.module, own.directives.collections)
    known = brought or not action.module or spec_of(action.module)
    unknown = "" if known else _unknown(reading, action)
    name = _name(fields)
    _check_stream(reading, fields, action)
    return Task(
        id=context.new_id(place.key, action.written, args),
        name=name or action.written,
        action=action.written,
        module=action.module,
        args=args,
        span=action.span,
        directives=own.directives,
        vars=own.vars,
        when=own.when,
        loop=read_loop(reading, loops, fields),
        notify=own.notify,
        tags=static_tags(context, own, action.span),
        delegate_to="localhost" if action.local else own.delegate_to,
        delegate_facts=own.delegate_facts,
        role=own.role,
        include_params=own.include_params,
        apply=apply,
        args_problem=unknown,
        around=around if action.module in DYNAMIC else None,
        named=bool(name),
        **_task_keywords(context, fields),
    )


def _check_stream(reading: Reading, fields: Mapping[str, Tree], action: Action) -> None:
    tree = fields.get("stream")
    if tree is None or plain(tree) is False or not action.module or action.module in STREAMED:
        return
    hint = f"only what {', '.join(sorted(STREAMED))} run prints lines that can be shown while it runs"
    reading.error(tree.span, f"'stream' cannot stand on {action.written}", hint)


def _unknown(reading: Reading, action: Action) -> str:
    """Note that there is no such module; gives what the task fails with."""
    what, advice = unknown_module(action.module)
    if has_mark(action.module):
        advice = "a template can name the module in 'action: …' only"
    hint = "the task fails if the run reaches it"
    reading.warn(action.span, what, f"{hint}; {advice}" if advice else hint)
    return f"{what} ({advice})" if advice else what


def _task_keywords(context: Context, fields: Mapping[str, Tree]) -> dict[str, Any]:
    """The keywords that belong to the task alone."""
    extra: dict[str, Any] = {}
    for name, tree in fields.items():
        if name in ("until", "changed_when", "failed_when"):
            extra[name] = conditions(context.reading, tree)
        elif name in ("retries", "stream"):
            extra[name] = plain(tree)
        elif name == "resume":
            extra[name] = _resume(context, tree)
        elif name in ("delay", "async", "poll"):
            extra[f"{name}_s"] = plain(tree)
        elif name in ("listen", "needs"):
            extra[name] = words(tree)
        elif name == "register":
            value = plain(tree)
            if value is not None and isinstance(tree, Scalar) and check_name(context.reading, value, tree.span):
                extra[name] = value
                context.reading.note(of_name(value, tree.span))
    return extra


def _resume(context: Context, tree: Tree) -> str:
    """What `--resume` does with the task where nobody knows whether it has run; "" after a mistake."""
    known, value = [str(policy) for policy in Policy], plain(tree)
    if value in known:
        return str(value)
    hint = nearest(str(value), known) or "it says what --resume does with the task if it may or may not have run"
    context.reading.error(tree.span, f"'resume' must be one of {', '.join(known)}", hint)
    return ""


def _without_apply(context: Context, action: Action) -> tuple[dict[str, Any], Mapping[str, Any]]:
    args = dict(action.args)
    apply = args.pop("apply", None)
    if apply is None:
        return args, {}
    span = action.spans.get("apply", action.span)
    if not isinstance(apply, Mapping):
        context.reading.error(span, "'apply' must be a table of keywords")
        return args, {}
    for name in apply:
        keyword = KEYWORDS.get(str(name))
        if keyword is None or "block" not in keyword.where or keyword.kind == "nodes":
            unknown_keyword(context.reading, Scalar(name, str(name), span), "block")
    return args, apply


def _name(fields: Mapping[str, Tree]) -> str:
    value = plain(fields.get("name"))
    return "" if value is None else value if isinstance(value, str) else str(value)
