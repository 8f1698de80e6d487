"""What a result says of its step's end, so that only the rest has to be kept beside it."""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from typing import Any, Final

from runner.journal.exact import alike, pack, unpack
from runner.model.call import Status
from runner.model.event import Kept, TaskResult

_BAD: Final = (Status.FAILED, Status.UNREACHABLE, Status.INDETERMINATE)
_FACTS: Final = ("setup", "gather_facts")
_DELTA: Final = "result_but"
_DROPPED: Final = "result_without"


def rest(kept: Kept, result: TaskResult | None) -> Mapping[str, Any]:
    """What of `kept` its result (as it is written) does not say, as data of JSON; nothing if it says all.

    Values that the line has in a form of its own, such as masked secrets, count as not said."""
    exact = kept.exact
    if result is None or "status" not in exact:
        return pack(dict(exact)) if exact else {}
    told = said(result)
    if told.keys() == exact.keys() and all(_same(part, exact[name]) for name, part in told.items()):
        return {}  # nearly every step is told by its result
    left = {name: value for name, value in exact.items() if name != "result" and not _is(told, name, value)}
    left.update(dict.fromkeys(told.keys() - exact.keys()))
    known, real = told["result"], exact["result"]
    but = {key: value for key, value in real.items() if key not in known or not alike(known[key], value)}
    without = sorted(known.keys() - real.keys())
    if but:
        left[_DELTA] = but
    if without:
        left[_DROPPED] = without
    return pack(left)  # type: ignore[no-any-return]


def _same(known: Any, real: Any) -> bool:
    """Whether both are equal, types included: of every step, so the quick way, which may miss some that are. Most
    parts are the very same. Marshal's version 0 writes equal plain values equally, and refuses what is not plain."""
    if known is real:
        return True
    if type(known) is not dict or type(real) is not dict or len(known) != len(real):
        return False
    other = {name: part for name, part in known.items() if name not in real or part is not real[name]}
    if not other:
        return True
    try:
        return marshal.dumps(other, 0) == marshal.dumps({name: real[name] for name in other}, 0)
    except (KeyError, ValueError):
        return False


def _is(told: Mapping[str, Any], name: str, value: Any) -> bool:
    return name in told and alike(told[name], value)


def whole(left: Mapping[str, Any], result: TaskResult | None) -> dict[str, Any]:
    """The reverse: what was kept, from the rest of it and the result. Raises ValueError."""
    found: dict[str, Any] = unpack(dict(left))
    but, without = found.pop(_DELTA, {}), found.pop(_DROPPED, ())
    if result is None:
        return found
    made = {**said(result), **found}
    made["result"] = {key: value for key, value in {**made["result"], **but}.items() if key not in without}
    return {name: value for name, value in made.items() if value is not None or name == "item"}


def said(result: TaskResult) -> dict[str, Any]:
    """The end of a step, as far as its result tells it."""
    values: dict[str, Any] = dict(result.values)
    values["changed"] = result.changed
    if result.status is not Status.SKIPPED:
        values["failed"] = result.status in _BAD
    if result.rc is not None:
        values["rc"] = result.rc
    for name in ("stdout", "stderr"):
        text = getattr(result, name)
        if text or result.rc is not None:
            values[name] = text
    if (result.msg or result.rc is not None) and "msg" not in values:
        values["msg"] = result.msg
    made: dict[str, Any] = {"status": result.status, "result": values}
    if not result.final:
        made["item"] = result.item
    if result.delegate:
        made["delegate"] = result.delegate
    facts = values.get("ansible_facts")
    if isinstance(facts, dict):
        if result.module in _FACTS:
            made["facts"] = {name.removeprefix("ansible_"): value for name, value in facts.items()}
        elif result.module in ("set_fact", "include_vars"):
            made["set_vars" if result.module == "set_fact" else "included_vars"] = facts
    return made
