"""What a module printed, read strictly: JSON between noise, and what it means for the step.

Source: https://docs.ansible.com/ansible/latest/reference_appendices/common_return_values.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from runner.arguments import ArgumentError, to_bool
from runner.model.call import Diff, Outcome, Reply, Status
from runner.model.quick import dataclass
from runner.plan.magic import BARE, MAGIC, is_setting
from runner.sh.verdict import text

# What the step itself says: it is no key of the module's own.
_STEP: Final = frozenset({"changed", "failed", "skipped", "unreachable", "ansible_facts", "diff", "msg", "warnings"})
_MAGIC: Final = MAGIC | BARE | {"item", "ansible_facts"}


@dataclass(frozen=True, slots=True)
class NotJson(Exception):
    """The output holds no JSON object; `reason` says how."""

    reason: str


def outcome_of(name: str, reply: Reply, warn: Callable[[str], None]) -> Outcome:
    """The outcome of a module that ran. `warn` takes what it warns of."""
    if "msg" in reply.values:
        return Outcome(Status.FAILED, {"rc": reply.rc}, msg=text(reply.values["msg"]))
    stdout, stderr = text(reply.stdout), text(reply.stderr)
    try:
        if reply.truncated:
            raise NotJson("there is too much of it")
        found, noise = parse(stdout)
    except NotJson as fault:
        values = {"rc": reply.rc, "module_stdout": stdout, "module_stderr": stderr}
        shown = _shown(stderr) or _shown(stdout) or "nothing was printed"
        message = f"MODULE FAILURE: what {name} printed is not a JSON object: {fault.reason} (rc={reply.rc}): {shown}"
        return Outcome(Status.FAILED, values, msg=message)
    if noise:
        warn(f"the module {name} printed something after its JSON: {_shown(noise)}")
    for old in found.get("deprecations") or ():
        warn(f"deprecated: {old['msg'] if isinstance(old, Mapping) and 'msg' in old else old}")
    return _outcome(found, name, warn)


def parse(output: str) -> tuple[dict[str, Any], str]:
    """The JSON object in an output, and what stands behind it. Lines before the first that begins with `{`, and after
    the last that ends with `}`, are noise (a message of the day). Raises NotJson."""
    lines = output.splitlines()
    start = next((number for number, line in enumerate(lines) if line.strip().startswith("{")), None)
    if start is None:
        raise NotJson("no line begins with '{'")
    end = next((number for number in range(len(lines) - 1, start - 1, -1) if lines[number].strip().endswith("}")), None)
    if end is None:
        raise NotJson("no line ends with '}'")
    try:
        found = json.loads("\n".join(lines[start : end + 1]), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from None
    return found, "\n".join(lines[end + 1 :]).strip()


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _shown(output: str) -> str:
    return " | ".join(line.strip() for line in output.strip().splitlines()[-5:])[:500]


def _texts(value: Any) -> list[str]:
    return [str(part) for part in value if part] if isinstance(value, list) else [str(value)] if value else []


def _true(value: Any) -> bool:
    try:
        return value is not None and to_bool(value)
    except ArgumentError:
        return bool(value)


def _outcome(found: Mapping[str, Any], name: str, warn: Callable[[str], None]) -> Outcome:
    values = {key: _without_internal(value) for key, value in found.items() if key not in _STEP and _outside(key)}
    if "results" in values and not isinstance(values["results"], list):
        # Whoever reads `results` goes through them as those of a loop.
        values["ansible_module_results"] = values.pop("results")
    rc = found.get("rc")
    bad = _true(found["failed"]) if "failed" in found else rc not in (None, 0, "0")
    changed = _true(found.get("changed"))
    values["changed"] = changed
    status = Status.FAILED if bad else Status.SKIPPED if _true(found.get("skipped")) else Status.OK
    if status is Status.OK and changed:
        status = Status.CHANGED
    message = found.get("msg")
    if message is not None and not isinstance(message, str):
        values["msg"] = message
    facts = found.get("ansible_facts")
    safe = _safe_facts(facts, name, warn) if isinstance(facts, Mapping) else {}
    return Outcome(
        status,
        values,
        msg=message if isinstance(message, str) else "non-zero return code" if bad and message is None else "",
        diff=tuple(_diffs(found.get("diff"))),
        own_facts=safe if status is not Status.FAILED else {},
        warnings=tuple(_texts(found.get("warnings"))),
    )


def _outside(key: str) -> bool:
    """Whether a key is the module's own to use."""
    return not key.startswith("_ansible_")


def _without_internal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_internal(part) for key, part in value.items() if _outside(key)}
    return [_without_internal(part) for part in value] if isinstance(value, list) else value


def _safe_facts(facts: Mapping[str, Any], name: str, warn: Callable[[str], None]) -> dict[str, Any]:
    """The facts that a host may tell: none that says how hosts are reached, who steps run as, or what the run is."""
    safe: dict[str, Any] = {}
    for key, value in facts.items():
        if is_setting(key) or key in _MAGIC or not _outside(key) or key.endswith("_interpreter"):
            warn(f"the module {name} tells a fact that no host may set: {key}")
        else:
            safe[key] = value
    return safe


def _diffs(value: Any) -> list[Diff]:
    found: list[Diff] = []
    for part in value if isinstance(value, list) else [value]:
        if not isinstance(part, Mapping):
            continue
        if isinstance(part.get("prepared"), str):
            found.append(Diff(after=part["prepared"]))
        elif "before" in part or "after" in part:
            texts = [_as_text(part.get(key)) for key in ("before", "after", "before_header", "after_header")]
            found.append(Diff(*texts))
    return found


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, indent=4, sort_keys=True) + "\n"
