"""Which variables some source of a playbook can define; None where that cannot be known before the run."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from runner import registry
from runner.errors import StepError
from runner.load.fields import has_mark, holds_template
from runner.load.files import Files
from runner.load.include import TaskLoader
from runner.model.inventory import FileVars, Inventory
from runner.model.playbook import Block, Node, Play, Playbook, Task
from runner.plan.magic import BARE

# What templates know beside them; `ansible_…` always passes.
MAGIC: Final = BARE | frozenset(
    """
    undef loop self caller varargs kwargs template_destpath template_fullpath template_host template_mtime
    template_path template_run_date template_uid
    """.split()
)
_NOT_FACTS: Final = frozenset({"cacheable"})


class CannotKnow(Exception):
    """Something of this play gets its name only during the run, so any variable may be defined."""


def flat(nodes: Iterable[Node]) -> Iterator[Task]:
    """The tasks of blocks and lists, in order."""
    for node in nodes:
        if isinstance(node, Block):
            yield from flat((*node.block, *node.rescue, *node.always))
        else:
            yield node


def tasks_of(play: Play, loader: TaskLoader) -> list[Task]:
    """All tasks of a play with those that its includes bring. Raises CannotKnow when one of these is a template."""
    sections = (play.pre_tasks, play.roles, play.tasks, play.post_tasks, play.handlers)
    ahead = [task for section in sections for task in flat(section)]
    found: list[Task] = []
    seen: set[tuple[str, ...]] = set()
    while ahead:
        task = ahead.pop(0)
        found.append(task)
        if task.around is not None:
            ahead += _included(task, play, loader, seen)
    return found


def _included(task: Task, play: Play, loader: TaskLoader, seen: set[tuple[str, ...]]) -> list[Task]:
    if holds_template(task.args) or not all(isinstance(value, str | bool) for value in task.args.values()):
        raise CannotKnow
    key = (task.span.path, task.role.path if task.role else "", repr(sorted(task.args.items())))
    if key in seen:
        return []
    seen.add(key)
    try:
        if task.module == "include_tasks":
            return list(flat(loader.tasks(str(task.args.get("file", "")).strip(), task, task.role, play)))
        name = task.args.get("name", task.args.get("role", ""))
        included = loader.role(str(name), task, play)
    except StepError:
        raise CannotKnow from None
    return [*flat(included.tasks), *flat(included.handlers)]


def of_inventory(inventory: Inventory) -> set[str]:
    """Names that hosts and groups have."""
    found = {name for host in inventory.hosts.values() for name in host.vars}
    found |= {name for group in inventory.groups.values() for name in group.vars}
    return found | _of_files(inventory.beside_inventory)


def any_locked(playbook: Playbook, inventory: Inventory) -> bool:
    """Whether some file of variables could not be decrypted: nobody knows what it defines."""
    return any(files.locked for files in (inventory.beside_inventory, *(p.beside_playbook for p in playbook.plays)))


def _of_files(files: FileVars) -> set[str]:
    layers = (*files.groups.values(), *files.hosts.values())
    return {name for layer in layers for name in layer}


def of_play(play: Play, files: Files) -> set[str]:
    """Names that the play's own keywords define. Raises CannotKnow."""
    found = {*play.vars, *(prompt.name for prompt in play.vars_prompt)} | _of_files(play.beside_playbook)
    for role in play.public_roles:
        found |= {*role.defaults, *role.vars, *role.params}
    folder = posixpath.dirname(play.path)
    for entry in play.vars_files:
        if holds_template(entry):
            raise CannotKnow
        for name in entry if isinstance(entry, list) else [entry]:
            found |= set(_vars_file(files, posixpath.join(folder, str(name))))
    return found


def _vars_file(files: Files, path: str) -> Mapping[str, Any]:
    try:
        return files.load_vars(path)
    except StepError:
        raise CannotKnow from None


def of_task(task: Task, play: Play, files: Files) -> set[str]:
    """Names that a task defines for others: register, set_fact, include_vars, add_host, and what its role brings.
    Raises CannotKnow."""
    found = {task.register} if task.register else set()
    if task.role:
        found |= {*task.role.defaults, *task.role.vars, *task.role.params}
    if task.around is not None and task.loop:
        found |= loop_names(task)
    if task.module in ("set_fact", "add_host"):
        if any(has_mark(name) or name.startswith("_") for name in task.args):
            raise CannotKnow
        found |= set(task.args) - _NOT_FACTS
    elif task.module == "include_vars":
        found |= _of_include_vars(task, play, files)
    elif task.module not in registry.names("modules") and (task.module.endswith("_facts") or not task.args_problem):
        raise CannotKnow  # a module that the project brings along may tell any fact
    return found


def _of_include_vars(task: Task, play: Play, files: Files) -> set[str]:
    file = task.args.get("file")
    if task.args.get("name") and not has_mark(task.args["name"]):
        return {str(task.args["name"])}
    if not isinstance(file, str) or has_mark(file):
        raise CannotKnow
    try:
        path = files.find("vars", file.strip(), task, posixpath.dirname(play.path))
    except StepError:
        raise CannotKnow from None
    return set(_vars_file(files, path))


def loop_names(task: Task) -> set[str]:
    """The names a task's own loop gives to it."""
    if task.loop is None:
        return set()
    found = {str(task.loop.loop_var)}
    return found | ({task.loop.index_var} if task.loop.index_var else set())


def definitions(play: Play, task: Task, inventory: Inventory) -> Iterator[Mapping[str, Any]]:
    """The layers in which the value of a variable may stand, for following what it reads in turn."""
    yield from (task.vars, task.include_params)
    if task.role:
        yield from (task.role.params, task.role.vars, task.role.defaults)
    yield play.vars
    yield from play.beside_playbook.groups.values()
    yield from inventory.beside_inventory.groups.values()
    yield from (group.vars for group in inventory.groups.values())
