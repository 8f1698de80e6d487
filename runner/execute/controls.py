"""What a step may do to the run itself: add hosts and groups, pause, end a host or the play.

Source: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/meta_module.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from runner.errors import InputErrors, StepError
from runner.execute.batch import Batch
from runner.execute.settle import change_inventory
from runner.execute.state import RunState
from runner.execute.stats import keep
from runner.execute.world import World
from runner.model.call import AddHost, AddStats, GroupBy, Meta, Outcome, Pause
from runner.model.event import Notice
from runner.model.moment import stamp
from runner.model.playbook import Task

NOT_INTERACTIVE: Final = "Not waiting for response to prompt as stdin is not interactive"


def act(world: World, state: RunState, batch: Batch, number: int, task: Task, outcome: Outcome) -> bool:
    """Carry out a step's control. Returns whether it changed the inventory. Raises StepError (a host name that cannot
    be used, a role to end outside of roles, an inventory that has mistakes now)."""
    control = outcome.control
    if control is None:
        return False
    if isinstance(control, AddHost | GroupBy):
        before = state.inventory
        state.change(change_inventory(control, batch.hosts[number], before))
        state.made.append((control, batch.hosts[number]))
        return state.inventory != before
    if isinstance(control, AddStats):
        keep(state.stats, batch.hosts[number], control)
    if isinstance(control, Meta) and control.action == "refresh_inventory":
        return _refresh(world, state)
    if isinstance(control, Meta):
        _meta(world, state, batch, number, task, control.action)
    return False


def _refresh(world: World, state: RunState) -> bool:
    """Take the inventory as its sources say it now, with what `add_host` and `group_by` made on top, as in Ansible. The
    play goes on with the hosts it began with. Raises StepError."""
    before = state.inventory
    try:
        fresh = world.reread_inventory()
    except InputErrors as error:
        raise StepError(f"meta: refresh_inventory: {error}") from None
    for control, host in state.made:
        fresh = change_inventory(control, host, fresh)
    state.change(fresh)
    return fresh != before


def _meta(world: World, state: RunState, batch: Batch, number: int, task: Task, action: str) -> None:
    host = batch.hosts[number]
    match action:
        case "end_play":
            batch.over = True
            batch.end_all()
        case "end_batch":
            batch.end_all()
        case "end_host":
            batch.flows[number].ended = True
        case "end_role" if task.role:
            batch.flows[number].ended_roles.add(task.role.uses[-1])
        case "end_role":
            raise StepError("meta: end_role ends a role, and this task is in none")
        case "clear_facts":
            for name in batch.hosts:
                state.of(name).forget()
        case "clear_host_errors":
            _forgive(state, batch)
        case "reset_connection":
            world.outbox.resets.append(host)
        case "noop" | "flush_handlers":
            pass
        case _:
            world.emit(Notice("warning", f"meta: {action} is not supported yet and does nothing", host))


def _forgive(state: RunState, batch: Batch) -> None:
    """The play's hosts have not failed. They are back in the next play, not in this one."""
    for flow in batch.flows:
        if flow.lost:
            flow.failure, flow.ended = None, True
    for name in batch.everyone:
        own = state.of(name)
        own.failed = own.unreachable = False


def pause_for(world: World, pause: Pause, outcome: Outcome, *, check: bool) -> tuple[float, Outcome]:
    """How many seconds to wait, and the outcome with what the user typed. A dry run does not wait."""
    values = {**outcome.values, "start": stamp(world.now), "echo": pause.echo, "user_input": ""}
    if pause.seconds is not None:
        seconds = 0.0 if check else pause.seconds
        if pause.prompt and not check:
            world.emit(Notice("notice", f"[pause] {pause.prompt}"))
        return seconds, replace(outcome, values=values)
    if check:
        return 0.0, replace(outcome, values=values)
    answer = world.ask(pause.prompt or "Press enter to continue, Ctrl+C to interrupt", pause.echo)
    if answer is None:
        world.emit(Notice("warning", NOT_INTERACTIVE))
    values["user_input"] = answer or ""
    return 0.0, replace(outcome, values=values)


def paused(world: World, start: float, outcome: Outcome) -> Outcome:
    """The outcome of a pause that is over."""
    values = {**outcome.values, "stop": stamp(world.now), "delta": int(world.now - start)}
    values.setdefault("stdout", f"Paused for {world.now - start:g} seconds")
    return replace(outcome, values=values, control=None)
