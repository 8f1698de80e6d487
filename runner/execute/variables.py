"""Builds the scope of each step of one play: layers by precedence, and the magic variables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final

from runner import __version__
from runner.errors import StepError
from runner.execute.lookups import LookupDesk
from runner.execute.scope import HostVars, StepScope
from runner.execute.signals import NeedsFacts, NeedsOthers, StillOnItsWay
from runner.execute.state import RunState
from runner.execute.world import World
from runner.model.playbook import Play, Role, Task
from runner.model.values import OMIT
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
    ) -> None:
        self.world = world
        self.state = state
        self.play = play
        self.play_hosts = play_hosts
        self.batch = batch
        self.active = active
        self._inventory: dict[str, tuple[int, Mapping[str, Any]]] = {}
        self._files: dict[str, Mapping[str, Any]] = {}
        self._members: tuple[int, Mapping[str, list[str]]] = (-1, {})
        self._published: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
        self.included_roles: list[str] = []
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
    ) -> StepScope:
        """What `task` sees on `host`. `of_play=False`: what `hostvars[host]` shows, without the variables of the play
        and its roles, as in Ansible."""
        own = self.state.of(host)
        return StepScope(
            self._layers(host, task, with_files=of_play, of_play=of_play, gather=gather),
            StepMagic(self, host, task),
            pending=pending,
            gather=gather and own.may_gather,
            gathered=own.facts is not None,
            local=local,
            lookups=LookupDesk(self.world, task, self.play).answer,
            alone=alone,
            about="" if of_play else host,
        )

    def _layers(
        self, host: str, task: Task | None, *, with_files: bool, of_play: bool = True, gather: bool = True
    ) -> Layers:
        own = self.state.of(host)
        role = task.role if task else None
        above: list[Mapping[str, Any]] = [self.world.options.extra_vars]
        if task:
            above += [task.include_params, role.params if role else {}]
        above += [own.live, own.included]
        if task:
            above += [task.vars, role.vars if role else {}]
        files = self._vars_files(host, gather=gather) if with_files and self.play.vars_files else {}
        below: list[Mapping[str, Any]] = []
        if of_play:
            defaults, published = self._published.get(host, ({}, {}))
            below += [published, self._role_vars, files, self.world.prompts, self.play.vars]
        below += [own.own_facts, own.fact_vars, self._inventory_vars(host), role.defaults if role else {}]
        if of_play:
            below += [defaults, self._role_defaults]
        # What the host registers while the task runs (a set_fact in a loop) must be seen: these two stay, even empty.
        return tuple(layer for layer in (*above, *below) if layer or layer is own.live or layer is own.included)

    def role_names(self) -> list[str]:
        """The roles of the play: of its list, imported, and included so far."""
        return [*self.play.role_names, *self.included_roles]

    def publish(self, role: Role, host: str) -> None:
        """Let the host's later tasks see what an included role brings (`public: true`)."""
        defaults, own = self._published.get(host, ({}, {}))
        self._published[host] = ({**defaults, **role.defaults}, {**own, **role.exported})

    def members(self) -> Mapping[str, list[str]]:
        """The hosts of each group, in inventory order."""
        if self._members[0] != self.state.version:
            inventory = self.state.inventory
            found: dict[str, list[str]] = {name: [] for name in inventory.groups}
            for host in inventory.hosts.values():
                for name in host.groups:
                    if name in found:
                        found[name].append(host.name)
            found.setdefault("all", list(inventory.hosts))
            self._members = (self.state.version, found)
        return self._members[1]

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

    def _vars_files(self, host: str, *, gather: bool) -> Mapping[str, Any]:
        """`vars_files` for a host; names may be templates, and a list means the first that exists.

        A name that reads facts waits for them, as in Ansible: what gathers them does not see the file yet.
        """
        if host in self._files:
            return self._files[host]
        own = self.state.of(host)
        scope = StepScope(
            self._layers(host, None, with_files=False),
            StepMagic(self, host, None),
            gather=own.may_gather,
            gathered=own.facts is not None,
            lookups=LookupDesk(self.world, None, self.play).answer,
        )
        found: dict[str, Any] = {}
        whole = True
        for entry in self.play.vars_files:
            try:
                found.update(self._vars_file(self.world.templar.render(entry, scope)))
            except NeedsFacts:
                if gather:
                    raise
                whole = False
        if whole:
            self._files[host] = found
        return found

    def _vars_file(self, entry: Any) -> Mapping[str, Any]:
        files = self.world.files
        folder = PurePath(self.play.path).parent
        names = [str(folder / str(name)) for name in (entry if isinstance(entry, list) else [entry])]
        chosen = next((name for name in names if files.exists(name)), names[-1])
        return files.load_vars(chosen)

    def view(self, host: str) -> Mapping[str, Any]:
        """A host as `hostvars` shows it."""
        return self.world.templar.variables(self.scope(host, of_play=False))


def _groups(variables: Variables) -> dict[str, list[str]]:
    """The hosts of each group, worked out once while the inventory stays as it is. Templates may change their copy."""
    return {name: list(hosts) for name, hosts in variables.members().items()}


def _group_names(variables: Variables, host: str) -> list[str]:
    return sorted(name for name in variables.state.host(host).groups if name != "all")


def _folder(path: str) -> str:
    return str(PurePath(path).parent)


def _version() -> dict[str, Any]:
    """What playbooks compare with `version`: the language level spoken here, and our own version beside it."""
    return {"full": "2.19.0", "major": 2, "minor": 19, "revision": 0, "string": "2.19.0", "pbrun": __version__}


def _facts(variables: Variables, host: str, scope: StepScope) -> Mapping[str, Any]:
    known = variables.state.of(host).facts
    if "ansible_facts" in scope.pending or known is None:
        scope.want_facts()
    return variables.state.of(host).known_facts()


def _looks_around(scope: StepScope) -> None:
    """Called when a step reads what depends on how far other hosts have come."""
    if scope.pending:
        raise StillOnItsWay("hostvars")
    if scope.alone:
        raise NeedsOthers


def _hostvars(variables: Variables, scope: StepScope) -> HostVars:
    _looks_around(scope)
    return HostVars(lambda: variables.state.inventory.hosts, variables.view)


def _active(variables: Variables, scope: StepScope) -> list[str]:
    _looks_around(scope)
    return variables.active()


def _active_of_batch(variables: Variables, scope: StepScope) -> list[str]:
    active = set(_active(variables, scope))
    return [name for name in variables.batch if name in active]


_HOST: Final[Mapping[str, Callable[[Variables, str, StepScope], Any]]] = {
    "inventory_hostname": lambda _v, host, _s: host,
    "inventory_hostname_short": lambda _v, host, _s: host.split(".")[0],
    "group_names": lambda v, host, _s: _group_names(v, host),
    "groups": lambda v, _h, _s: _groups(v),
    "hostvars": lambda v, _h, s: _hostvars(v, s),
    "vars": lambda v, _h, s: v.world.templar.variables(s),
    "ansible_facts": _facts,
    "omit": lambda _v, _h, _s: OMIT,
    "playbook_dir": lambda v, _h, _s: _folder(v.play.path),
    "inventory_dir": lambda v, _h, _s: _folder(v.state.inventory.sources[0]) if v.state.inventory.sources else None,
    "inventory_file": lambda v, _h, _s: v.state.inventory.sources[0] if v.state.inventory.sources else None,
    "ansible_inventory_sources": lambda v, _h, _s: list(v.world.options.inventories),
    "ansible_play_name": lambda v, _h, _s: v.play.name,
    "ansible_play_hosts": lambda v, _h, s: _active(v, s),
    "play_hosts": lambda v, _h, s: _active(v, s),
    "ansible_play_hosts_all": lambda v, _h, _s: list(v.play_hosts),
    "ansible_play_batch": lambda v, _h, s: _active_of_batch(v, s),
    "ansible_play_role_names": lambda v, _h, _s: v.role_names(),
    "ansible_role_names": lambda v, _h, _s: sorted({*v.role_names(), *v.play.dependent_role_names}),
    "ansible_dependent_role_names": lambda v, _h, _s: sorted(set(v.play.dependent_role_names)),
    "ansible_config_file": lambda v, _h, _s: v.world.options.settings.ansible_cfg,
    "role_names": lambda v, _h, _s: v.role_names(),
    "ansible_check_mode": lambda v, _h, _s: v.world.options.check,
    "ansible_diff_mode": lambda v, _h, _s: v.world.options.diff,
    "ansible_forks": lambda v, _h, _s: v.world.options.forks,
    "ansible_verbosity": lambda v, _h, _s: v.world.options.verbosity,
    "ansible_limit": lambda v, _h, _s: v.world.options.limit,
    "ansible_run_tags": lambda v, _h, _s: list(v.world.options.tags),
    "ansible_skip_tags": lambda v, _h, _s: list(v.world.options.skip_tags),
    "ansible_version": lambda _v, _h, _s: _version(),
    "ansible_playbook_python": lambda _v, _h, _s: "",
}

_ROLE: Final[Mapping[str, Callable[[Task], Any]]] = {
    "role_path": lambda task: task.role.path if task.role else None,
    "role_name": lambda task: task.role.short_name if task.role else None,
    "ansible_role_name": lambda task: task.role.name if task.role else None,
    "ansible_search_path": lambda task: [*([task.role.path] if task.role else []), _folder(task.span.path)],
}


class StepMagic(Mapping[str, Callable[[StepScope], Any]]):
    """The magic variables of one task on one host, computed when they are read."""

    __slots__ = ("_host", "_task", "_variables")

    def __init__(self, variables: Variables, host: str, task: Task | None) -> None:
        self._variables = variables
        self._host = host
        self._task = task

    def __getitem__(self, name: str) -> Callable[[StepScope], Any]:
        if name in _HOST:
            return lambda scope: _HOST[name](self._variables, self._host, scope)
        task = self._task
        if task is not None and name in _ROLE and (task.role or name == "ansible_search_path"):
            return lambda _scope: _ROLE[name](task)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield from _HOST
        if self._task is not None and self._task.role:
            yield from _ROLE

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        if name in _HOST:
            return name != "ansible_limit" or self._variables.world.options.limit is not None
        return name in _ROLE and self._task is not None and self._task.role is not None
