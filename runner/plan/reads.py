"""Passes `reads` and `facts`: what each task reads and writes, and whether the play reads facts at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, Final

from runner.model.plan import Kind, TaskNode
from runner.model.playbook import Condition, Task
from runner.model.quick import replace
from runner.model.values import Template
from runner.plan.draft import Draft, Reader
from runner.plan.effects import spec_of
from runner.plan.magic import is_fact_name

_WORD: Final = re.compile(r"[A-Za-z_]\w*")
# What their files, or the names in their specifications, read is not known before they run.
_RENDERS_FILES: Final = frozenset({"template", "validate_argument_spec"})
# They change groups, or hosts, or variables whose names nobody knows yet.
_WRITES_ANYTHING: Final = frozenset({"add_host", "group_by", "include_vars"})
_KNOWN: Final = frozenset(
    "item inventory_hostname inventory_hostname_short group_names groups hostvars omit playbook_dir role_path".split()
)
_NO_DIRECTIVES: Final = frozenset({"collections"})


def raw_parts(task: Task) -> Iterator[Any]:
    """Every unrendered value of a task that is rendered when it runs."""
    yield from (task.args, task.vars, task.include_params, task.delegate_to, task.retries, task.delay_s, task.name)
    yield from (task.action, *task.notify)
    if task.loop:
        yield from (task.loop.items, task.loop.label, task.loop.pause_s)
    for field in fields(task.directives):
        if field.name not in _NO_DIRECTIVES:
            yield getattr(task.directives, field.name)


def conditions(task: Task) -> Iterator[Condition]:
    """Every expression of a task."""
    yield from task.when
    yield from task.until
    yield from task.changed_when or ()
    yield from task.failed_when or ()
    if task.loop:
        yield from task.loop.break_when


def expressions(task: Task) -> Iterator[str]:
    """Arguments that are expressions without being templates (assert's `that`, debug's `var`)."""
    spec = spec_of(task)
    for name in (*spec.conditions, *spec.raw) if spec is not None else ():
        value = task.args.get(name)
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str) and not isinstance(text, Template):
                yield text


def texts_in(value: Any) -> Iterator[Template]:
    """The template texts inside a raw value."""
    if isinstance(value, Template):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts_in(part)


def words_of(task: Task) -> frozenset[str]:
    """Every word in a task's templates and expressions: more than what it reads, and cheap to find."""
    found: set[str] = set()
    for part in raw_parts(task):
        for template in texts_in(part):
            found.update(_WORD.findall(template))
    for condition in conditions(task):
        if isinstance(condition.value, str):
            found.update(_WORD.findall(condition.value))
    for text in expressions(task):
        found.update(_WORD.findall(text))
    return frozenset(found)


def words_through(words: Iterable[str], definitions: Mapping[str, tuple[Any, ...]]) -> frozenset[str]:
    """`words` and every word that the variables among them are defined with, followed to the end."""
    seen: set[str] = set()
    ahead = list(words)
    while ahead:
        word = ahead.pop()
        if word in seen:
            continue
        seen.add(word)
        for value in definitions.get(word, ()):
            for text in texts_in(value):
                ahead.extend(_WORD.findall(text))
    return frozenset(seen)


def _union(parts: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    found: set[str] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return frozenset(found)


def exact_reads(task: Task, reader: Reader) -> frozenset[str] | None:
    """The variables a task's templates name, by their syntax trees; None: any."""
    if task.module in _RENDERS_FILES:
        return None
    parts = [reader.reads(part) for part in raw_parts(task)]
    parts += [reader.reads_of_condition(condition) for condition in conditions(task)]
    parts += [reader.reads_of_condition(Condition(text)) for text in expressions(task)]
    return _union(parts)


def _is_set(name: str, draft: Draft) -> bool:
    """Whether tasks set the variable, or the run itself does."""
    return name.startswith("ansible_") or name in _KNOWN or any(name in writes_of(node.task) for node in draft.nodes)


def closure(
    reads: frozenset[str] | None, draft: Draft, cache: dict[str, frozenset[str] | None]
) -> frozenset[str] | None:
    """`reads` and what the variables in it read in turn."""
    if reads is None:
        return None
    seen: set[str] = set()
    ahead = list(reads)
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in cache and draft.play.vars_files and name not in draft.definitions and not _is_set(name, draft):
            # Its definition may stand in a file that is read during the run, and read anything in turn.
            return None
        if name not in cache:
            cache[name] = _union(draft.reader.reads(value) for value in draft.definitions.get(name, ()))
        found = cache[name]
        if found is None:
            return None
        ahead.extend(found)
    return frozenset(seen)


def writes_of(task: Task) -> frozenset[str]:
    """The variable names a task sets for later ones."""
    found = {task.register} if task.register else set()
    if isinstance(task.action, Template):
        found.add("*")
    if task.module == "set_fact":
        names = [name for name in task.args if name not in ("cacheable", "_raw_params")]
        found |= {"*" if isinstance(name, Template) else name for name in names}
    if task.module in ("setup", "gather_facts"):
        found.add("ansible_facts")
    if task.module in _WRITES_ANYTHING:
        found.add("*")
    spec = spec_of(task)
    if spec is None or spec.tells_facts:
        found.add("*")  # a module that the project brings along may tell any facts, too
    return frozenset(found)


def reads(draft: Draft) -> Draft:
    """What each node reads and writes. Only `dag` orders by it, so only `dag` pays for syntax trees."""
    exact = draft.strategy == "dag"
    cache: dict[str, frozenset[str] | None] = {}
    nodes: list[TaskNode] = []
    for node in draft.nodes:
        found = closure(exact_reads(node.task, draft.reader), draft, cache) if exact else words_of(node.task)
        nodes.append(replace(node, reads=found, writes=writes_of(node.task)))
    return replace(draft, nodes=tuple(nodes))


def facts(draft: Draft) -> Draft:
    """Mark the play if something in it reads a fact, so that gathering travels with the first trip."""
    if draft.play.gather_facts is False or not draft.nodes:
        return replace(draft, needs_facts=False)
    if draft.needs_facts:
        return draft
    words = {word for node in draft.nodes for word in (words_of(node.task) if node.reads is None else node.reads)}
    for name in draft.play.vars_files:
        words.update(word for text in texts_in(name) for word in _WORD.findall(text))
    through = words_through(words, draft.definitions)
    own = frozenset(name for node in draft.nodes if node.kind is not Kind.FACTS for name in node.writes)
    return replace(draft, needs_facts=any(is_fact_name(word) and word not in own for word in through))
