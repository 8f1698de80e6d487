"""Builds the scope of each step of one play: layers by precedence, and the magic variables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import PurePath
from typing import Any

from runner.errors import StepError, TemplateError
from runner.execute.lookups import LookupDesk
from runner.execute.magic import StepMagic
from runner.execute.scope import StepScope
from runner.execute.signals import NeedsFacts
from runner.execute.standing import Standing
from runner.execute.state import HostState, RunState
from runner.execute.world import World
from runner.inventory.membership import by_group
from runner.model.event import Notice
from runner.model.playbook import Play, Role, Task
from runner.plan.reads import texts_in
from runner.vars.precedence import flatten, inventory_layers, locked

Layers = tuple[Mapping[str, Any], ...]


class Variables:
    """Scopes for one batch of one play. `batch` and `play_hosts` are host names; `active` says who is still in."""

    def __init__(
        self,
        world: World,
        state: RunState,
        play: Play,
        play_hosts: tuple[str, ...],
        batch: tuple[str, ...],
        active: Callable[[], list[str]],
        standing: Standing,
    ) -> None:
        self.world = world
        self.state = state
        self.play = play
        self.play_hosts = play_hosts
        self.batch = batch
        self.active = active
        self._inventory: dict[str, tuple[int, Mapping[str, Any]]] = {}
        self._files: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
        self._files_by_facts = any(True for _ in texts_in(play.vars_files))
        self._doubts: set[str] = set()
        self._reached: dict[int, tuple[Task, Mapping[str, Any]]] = {}
        self._members: tuple[int, Mapping[str, list[str]]] = (-1, {})
        self._published: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
        self._standing = standing
        self._role_defaults = {k: v for role in play.public_roles for k, v in role.defaults.items()}
        self._role_vars = {k: v for role in play.public_roles for k, v in role.exported.items()}

    def scope(
        self,
        host: str,
        task: Task | None = None,
        *,
        pending: Collection[str] = (),
        local: Mapping[str, Any] | None = None,
        gather: bool = True,
        of_play: bool = True,
        alone: bool = False,
        keywords: bool = True,
    ) -> StepScope:
        """What `task` sees on `host`. `of_play=False`: what `hostvars[host]` shows, without the variables of the play
        and its roles, as in Ansible. `keywords=False`: nor what the task's keywords say of how its host is reached."""
        own = self.state.of(host)
        by_keywords = self._reached_by(task) if task and keywords else {}
        layers = self._layers(host, task, with_files=of_play, of_play=of_play, gather=gather, pending=pending)
        return StepScope(
            (*layers, by_keywords) if by_keywords else layers,
            StepMagic(self, host, task, of_play=of_play),
            pending=pending,
            gather=gather and own.may_gather,
            gathered=own.facts is not None,
            local=local,
            lookups=LookupDesk(self.world, task, self.play).answer,
            alone=alone,
            about="" if of_play else host,
        )

    def _layers(
        self,
        host: str,
        task: Task | None,
        *,
        with_files: bool,
        of_play: bool = True,
        gather: bool = True,
        pending: Collection[str] = (),
    ) -> Layers:
        own = self.state.of(host)
        role = task.role if task else None
        above: list[Mapping[str, Any]] = [self.world.options.extra_vars]
        if task:
            above += [task.include_params, role.params if role else {}]
        above += [own.live, own.included]
        if task:
            above += [task.vars, role.vars if role else {}]
        files = self._vars_files(host, pending, gather=gather) if with_files and self.play.vars_files else {}
        below: list[Mapping[str, Any]] = []
        if of_play:
            defaults, published = self._published.get(host, ({}, {}))
            below += [published, self._role_vars, files, self.world.prompts.get(self.play.id, {}), self.play.vars]
        below += [*self._facts(own), self._inventory_vars(host), role.defaults if role else {}]
        if of_play:
            below += [defaults, self._role_defaults]
        # What the host registers while the task runs (a set_fact in a loop) must be seen: these two stay, even empty.
        return tuple(layer for layer in (*above, *below) if layer or layer is own.live or layer is own.included)

    def authored(self, host: str, task: Task | None) -> Layers:
        """Those of a task's layers that hold what stands in the playbook, its roles and files of variables."""
        role = task.role if task else None
        of_role: Layers = (role.params, role.vars, role.defaults) if role else ()
        of_files = self._files[host][1] if host in self._files else {}
        published = self._published.get(host, ())
        own = (self.world.options.extra_vars, self.play.vars, task.vars if task else {}, of_files)
        return (*own, *of_role, *published, self._role_vars, self._role_defaults)

    def role_names(self, task: Task | None) -> tuple[list[str], list[str]]:
        """The roles of the play (of its list, imported, and included before the task), and those they depend on."""
        names, dependencies = self._standing.roles_before(task.id if task else "")
        return [*self.play.role_names, *names], [*self.play.dependent_role_names, *dependencies]

    def _reached_by(self, task: Task) -> Mapping[str, Any]:
        """How the host is reached by keywords and the command line, as variables (`ansible_user`)."""
        known = self._reached.get(id(task))
        if known is None or known[0] is not task:
            given, options = task.directives, self.world.options
            values = {
                "ansible_user": given.remote_user or options.user,
                "ansible_connection": given.connection or options.connection or "ssh",
                "ansible_port": given.port,
            }
            known = self._reached[id(task)] = (
                task,
                {name: value for name, value in values.items() if value is not None},
            )
        return known[1]

    def publish(self, role: Role, host: str) -> None:
        """Let the host's later tasks see what an included role brings (`public: true`)."""
        defaults, own = self._published.get(host, ({}, {}))
        self._published[host] = ({**defaults, **role.defaults}, {**own, **role.exported})

    def members(self) -> Mapping[str, list[str]]:
        """The hosts of each group, in the group's own order, as `groups` has them."""
        if self._members[0] != self.state.version:
            self._members = (self.state.version, by_group(self.state.inventory))
        return self._members[1]

    def _facts(self, own: HostState) -> tuple[Mapping[str, Any], ...]:
        """The facts as variables; `ansible_local` alone where the configuration says so (INJECT_FACTS_AS_VARS)."""
        if self.world.options.settings.inject_facts_as_vars:
            return own.own_facts, own.fact_vars
        return ({"ansible_local": own.known_facts().get("local", {})} if own.facts is not None else {},)

    def _inventory_vars(self, host: str) -> Mapping[str, Any]:
        cached = self._inventory.get(host)
        if cached is None or cached[0] != self.state.version:
            inventory = self.state.inventory
            shut = locked(inventory, self.state.host(host), self.play.beside_playbook)
            if shut:
                raise StepError(f"the variables of {host} cannot be read: {shut.span.path} {shut.message}")
            layers = inventory_layers(inventory, self.state.host(host), self.play.beside_playbook)
            cached = self._inventory[host] = (self.state.version, flatten(layers))
        return cached[1]

    def _vars_files(self, host: str, pending: Collection[str], *, gather: bool) -> Mapping[str, Any]:
        """`vars_files` for a host; names may be templates, and a list means the first that exists.

        A name that reads facts waits for them, as in Ansible: what gathers them does not see the file yet. It is
        looked at anew when the host's facts have changed.
        """
        own = self.state.of(host)
        known = self._files.get(host)
        on_their_way = self._files_by_facts and "ansible_facts" in pending
        if known is not None and known[0] is own.fact_vars and not on_their_way:
            return known[1]
        scope = StepScope(
            self._layers(host, None, with_files=False),
            StepMagic(self, host, None),
            pending=pending,
            gather=own.may_gather,
            gathered=own.facts is not None,
            lookups=LookupDesk(self.world, None, self.play).answer,
        )
        found: dict[str, Any] = {}
        whole = True
        for entry in self.play.vars_files:
            try:
                found.update(self._vars_file(entry, scope))
            except NeedsFacts:
                if gather:
                    raise
                whole = False
        if whole:
            self._files[host] = (own.fact_vars, found)
        return found

    def _vars_file(self, entry: Any, scope: StepScope) -> Mapping[str, Any]:
        """One entry. As in Ansible nothing comes of an entry whose files are not there, or whose name reads what is
        not defined before the host's facts are known; here it is told."""
        names: list[str] = []
        try:
            for name in entry if isinstance(entry, list) else [entry]:
                names.append(str(self.world.templar.render(name, scope)))
                path = self._vars_path(names[-1])
                if path is not None:
                    return self.world.files.load_vars(path)
        except TemplateError as error:
            if scope.gathered or error.kind != "undefined":
                raise
            self._doubt(f"vars_files: {entry} is left out: {error}")
            return {}
        self._doubt(f"vars_files: there is no file {' or '.join(names)}")
        return {}

    def _vars_path(self, name: str) -> str | None:
        """A file beside the playbook, or in the folder `vars` there."""
        folder = PurePath(self.play.path).parent
        places = (str(folder / "vars" / name), str(folder / name))
        return next((place for place in places if self.world.files.exists(place)), None)

    def _doubt(self, message: str) -> None:
        """A warning, once a play."""
        if message not in self._doubts:
            self._doubts.add(message)
            self.world.emit(Notice("warning", message))

    def view(self, host: str) -> Mapping[str, Any]:
        """A host as `hostvars` shows it."""
        return self.world.templar.variables(self.scope(host, of_play=False))
