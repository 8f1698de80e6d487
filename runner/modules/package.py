"""package: packages by whatever manages them on the host (ansible.builtin.package)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runner import registry
from runner.arguments import Option, Spec, validate
from runner.model.call import Call, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk
from runner.sh import packagers
from runner.sh.verdict import failure

SPEC = Spec(
    doc="Install or remove packages with the host's own package manager.",
    brings=True,
    options={
        "name": Option("raw", doc="The packages, as their manager names them."),
        "state": Option("raw", doc="Whether they shall be there: a state that the manager's module has."),
        "use": Option(default="auto", doc="The manager's module, where it is not to be found out."),
    },
    any_options=True,
    example="""\
- name: A tool that has the same name everywhere
  ansible.builtin.package:
    name: rsync
    state: present
""",
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The manager's own step; where nothing says which manager there is, the host is asked first."""
    manager = _told(call, desk)
    if manager:
        return _step(call, manager, desk)
    return Fragment(probe=packagers.ASK, memo={"stage": "ask"}, last=False)


def _told(call: Call, desk: Desk) -> str:
    """What the task, the variable `ansible_package_use` or facts that were gathered say; "" if nothing does."""
    for said in (call.args["use"], desk.setting("ansible_package_use"), _fact(desk)):
        if said and said != "auto":
            return str(said)
    return ""


def _fact(desk: Desk) -> Any:
    facts = desk.setting("ansible_facts")
    return facts.get("pkg_mgr") if isinstance(facts, Mapping) else None


def _step(call: Call, manager: str, desk: Desk) -> Fragment | Outcome:
    """The step of the manager's module with the same arguments."""
    name = registry.own("modules", manager)
    if name not in registry.names("modules") or name == "package":
        return failed(f'Could not find a matching action for the "{manager}" package manager.')
    module = registry.load("modules", name)
    values, given, problems = validate(module.SPEC, {key: call.args[key] for key in call.given if key != "use"})
    if problems:
        return failed(f"{name}: {'; '.join(problems)}")
    inner = replace(call, module=name, args=values, given=given)
    return _wrapped(inner, module.fragment(inner, desk))


def _wrapped(inner: Call, made: Fragment | Outcome) -> Fragment | Outcome:
    return replace(made, memo={"stage": "step", "call": inner, "made": made}) if isinstance(made, Fragment) else made


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What the manager's module makes of it."""
    if fragment.memo["stage"] == "ask":
        broken = failure(reply)
        if broken:
            return broken
        manager = packagers.manager(reply)
        if manager == "unknown":
            return failed('Could not detect a package manager. Try using the "use" option.')
        return _step(call, manager, desk)
    inner: Call = fragment.memo["call"]
    module = registry.load("modules", inner.module)
    return _wrapped(inner, module.outcome(inner, fragment.memo["made"], reply, desk))
