"""What apt's one trip came to: Ansible's keys, the packages that change, and what a dry run cannot know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.model.call import Call, Diff, Outcome, Reply, Status, failed
from runner.model.values import Unknown
from runner.sh.apt import names, upgrades
from runner.sh.verdict import failure, text, value

# Lists older than this step's own fetching, or sources an earlier step of a dry run would have brought.
_FETCH = "the package lists would be fetched first"
_SOURCES = "an earlier step would bring package sources"


def outcome(call: Call, reply: Reply) -> Outcome:
    """Changed when apt had (or has) something to do; keys as Ansible's."""
    broken = refused(reply) or failure(reply)
    if broken:
        return broken
    if "unsure" in reply.values:
        return Outcome(Status.SKIPPED, unknown=value(reply, "unsure"))
    todo, stale = value(reply, "todo").split(), "stale" in reply.values
    doubt = _doubt(call, reply, stale, bool(todo))
    if doubt:
        return Outcome(Status.SKIPPED, unknown=doubt)
    alone = not _acts(call.args)
    updated = "updated" in reply.values
    changed = bool(todo) or (alone and updated) or (call.args["clean"] and not _has_target(call.args))
    values = _values(call, reply, bool(todo), stale)
    diffs = (moves(value(reply, "moves")),) if call.diff and todo else ()
    return Outcome(Status.CHANGED if changed else Status.OK, values, msg=str(values.get("msg", "")), diff=diffs)


def refused(reply: Reply) -> Outcome | None:
    """The failed outcome when one of apt's tools would not do what it was asked; None if none refused."""
    if "said" not in reply.values or not reply.rc:
        return None
    said = value(reply, "said").strip()
    return failed(f"{value(reply, 'msg')}: {said}", stdout=value(reply, "out"), stderr=said, rc=reply.rc)


def _doubt(call: Call, reply: Reply, stale: bool, planned: bool) -> str:
    """Why a dry run cannot know; "" if it can."""
    if not call.check:
        return ""
    if "later" in reply.values:
        return _FETCH if stale else _SOURCES
    nothing = stale and not planned
    return _FETCH if nothing and (not value(reply, "settled") or not _acts(call.args)) else ""


def _acts(args: Mapping[str, Any]) -> bool:
    """Whether there is more to do than to fetch lists."""
    return _has_target(args) or args["autoclean"] or args["autoremove"] or args["clean"]


def _has_target(args: Mapping[str, Any]) -> bool:
    return bool(args["package"] or args["deb"] or args["upgrade"] != "no")


def _values(call: Call, reply: Reply, did: bool, stale: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    args = call.args
    everything, cleans = upgrades(args), not names(args) and (args["autoclean"] or args["autoremove"])
    only_clean = args["clean"] and not _has_target(args)
    if did or args["deb"] or everything or cleans or only_clean:
        values |= {"stdout": text(reply.stdout), "stderr": text(reply.stderr)}
    if everything or only_clean:
        values["msg"] = values["stdout"]
    elif args["state"] != "absent" and not args["deb"] and not cleans:
        unknown = Unknown(_FETCH)
        values["cache_updated"] = unknown if call.check and stale else "updated" in reply.values
        values["cache_update_time"] = unknown if call.check and stale else int(value(reply, "time") or 0)
    return values


def moves(lines: str) -> Diff:
    """The packages that change, with their versions, before and after: read from apt's simulation."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for line in lines.splitlines():
        words = line.split()
        if words[0] == "Conf" or len(words) < 2:
            continue
        old = re.search(r" \[([^\]\s]+)\]", line.partition("(")[0])
        new = re.search(r" \((\S+)", line)
        before[words[1]] = old[1] if old else words[2] if words[0] == "Del" else ""
        after[words[1]] = new[1] if new and words[0] == "Inst" else ""
    return Diff(_listed(before), _listed(after), "packages", "packages")


def _listed(versions: Mapping[str, str]) -> str:
    return "".join(f"{name} {version}\n" for name, version in sorted(versions.items()) if version)
