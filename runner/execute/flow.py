"""One host's way through blocks: what a failure skips, what rescue and always still run.

Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_blocks.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field

from runner.model.plan import Kind, Scope, TaskNode
from runner.model.quick import dataclass


@dataclass(slots=True)
class Failure:
    """A failure that nothing has dealt with yet: the block whose rescue will, and the blocks it happened in.

    `outer` is the failure in whose `always` this one happened, if a rescue within that `always` deals with it.
    """

    target: str | None
    inside: frozenset[str]
    outer: Failure | None = None


@dataclass(slots=True)
class Flow:
    """Where one host stands in a batch.

    `notified` maps handler task ids to whether it is certain (a dry run may only suspect); `saved` are the
    notifications since the last flush: name, certain, handlers marked. `ended` hosts
    (unreachable, end_host, out of the play) pass everything by. `roles` says which use of a role has run here first,
    `ended_roles` are uses that `end_role` has ended, `closed_flushes` those whose `when` was false or whose block was
    passed by, `open_flushes` those of an `always` that a failure has reached. A handler that failed ends even forced
    handlers.
    """

    failure: Failure | None = None
    rescued: set[str] = field(default_factory=set)
    notified: dict[str, bool] = field(default_factory=dict)
    saved: list[tuple[str, bool, tuple[str, ...]]] = field(default_factory=list)
    ended: bool = False
    force_handlers: bool = False
    roles: dict[str, int] = field(default_factory=dict)
    ended_roles: set[str] = field(default_factory=set)
    closed_flushes: set[int] = field(default_factory=set)
    open_flushes: set[int] = field(default_factory=set)
    handler_failed: bool = False

    @property
    def lost(self) -> bool:
        """Whether the host has failed for good (as far as the play has gone)."""
        return self.failure is not None

    @property
    def beyond_rescue(self) -> bool:
        """Whether no rescue is going to deal with the host's failure."""
        return self.failure is not None and self.failure.target is None

    def fail(self, path: Iterable[Scope], with_rescue: frozenset[str]) -> bool:
        """A task with this path failed. Returns whether a rescue will deal with it."""
        scopes = list(path)
        inside = frozenset(scope.block for scope in scopes if scope.section != "always")
        target = next(
            (s.block for s in reversed(scopes) if s.section == "block" and s.block in with_rescue),
            None,
        )
        self.failure = Failure(target, inside, self._outer(scopes, target))
        return target is not None

    def _outer(self, scopes: Sequence[Scope], target: str | None) -> Failure | None:
        """The failure that is still open once `target` has rescued a new one: it happened around `target`'s block."""
        open_one = self.failure
        if open_one is None or target is None:
            return None
        for scope in scopes:
            if scope.section == "always" and scope.block in open_one.inside:
                return open_one
            if scope.block == target:
                return None
        return None

    def runs(self, node: TaskNode) -> bool:
        """Whether the node is for this host as it stands; a rescue that is reached takes the failure over."""
        if self.ended or self.repeats_role(node) or self._role_ended(node):
            return False
        if node.kind is Kind.HANDLER and (node.task.id not in self.notified or node.flush in self.closed_flushes):
            return False
        if self.failure is None:
            return self._open(node.path)
        if node.kind is Kind.HANDLER:
            return (self.force_handlers or node.flush in self.open_flushes) and not self.handler_failed
        return self._runs_after_failure(node, self.failure)

    def reaches(self, flush: TaskNode) -> bool:
        """`runs`, for a flush: its handlers run as it does, wherever they were notified."""
        reached = self.runs(flush)
        if not reached and flush.path:
            self.closed_flushes.add(flush.flush)
        elif reached and self.failure is not None:
            self.open_flushes.add(flush.flush)
        return reached

    def _runs_after_failure(self, node: TaskNode, failure: Failure) -> bool:
        for number, scope in enumerate(node.path):
            rest = node.path[number + 1 :]
            if scope.section == "rescue" and scope.block == failure.target:
                self.rescued.add(scope.block)
                self.failure = failure.outer
                return self._open(rest) if failure.outer is None else self._runs_after_failure(node, failure.outer)
            if scope.section == "always" and scope.block in failure.inside:
                return self._open(rest)
        return False

    def repeats_role(self, node: TaskNode) -> bool:
        """Whether the node belongs to a second use of a role that has run on this host and runs once a play (its
        handlers run all the same).

        Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_reuse_roles.html#running-a-role-multiple-times-in-one-play
        """
        role = node.task.role
        if node.kind is Kind.HANDLER:
            return False
        return role is not None and role.once and self.roles.get(role.key, id(role)) != id(role)

    def ran_role(self, node: TaskNode) -> None:
        """A task of a role has run here."""
        role = node.task.role
        if role is not None and role.key:
            self.roles.setdefault(role.key, id(role))

    def _role_ended(self, node: TaskNode) -> bool:
        role = node.task.role
        if not self.ended_roles or role is None or node.kind is Kind.HANDLER:
            return False
        return not self.ended_roles.isdisjoint(role.uses)

    def would_run(self, node: TaskNode) -> bool:
        """`runs`, asked ahead of time, for a host on which nothing has failed so far; changes nothing."""
        if self.ended or self.failure is not None or node.kind is Kind.HANDLER:
            return False
        return self._open(node.path) and not self._role_ended(node)

    def _open(self, path: Iterable[Scope]) -> bool:
        return all(scope.section != "rescue" or scope.block in self.rescued for scope in path)
