"""apk: packages of Alpine (community.general.apk)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import apk_text
from runner.sh.quote import path, quote
from runner.sh.verdict import failure, text, value

COLLECTION = "community.general"

SPEC = Spec(
    doc="Install, upgrade or remove packages of Alpine.",
    brings=True,
    options={
        "name": Option("list", elements="str", doc="The packages."),
        "state": Option(
            default="present",
            choices=("present", "absent", "latest", "installed", "removed"),
            doc="Whether they shall be there.",
        ),
        "update_cache": Option("bool", default=False, doc="Fetch the indexes of the repositories first."),
        "upgrade": Option("bool", default=False, doc="Upgrade all packages."),
        "available": Option("bool", default=False, doc="With upgrade: go to what repositories have, also backwards."),
        "no_cache": Option("bool", default=False, doc="Use no local cache."),
        "repository": Option("list", elements="str", doc="Take packages from these repositories alone."),
        "world": Option("path", default="/etc/apk/world", doc="The file of packages that were asked for."),
    },
    mutually_exclusive=(("name", "upgrade"),),
    example="""\
- name: A web server, with indexes of today
  community.general.apk:
    name: [nginx, openssl]
    update_cache: true
""",
    returns={
        "packages": "The packages that changed.",
        "stdout": "What apk printed.",
        "stderr": "What it complained about.",
    },
)

_FETCH: Final = "the indexes would be fetched first"


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """One trip: what was asked for is in apk's own file; apk is started for what is left."""
    args = call.args
    names = [name.strip() for name in args["name"] or () if name.strip()]
    if not (names or args["upgrade"] or args["update_cache"]):
        return failed("one of the following is required: name, update_cache, upgrade")
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9._+/@<>=~:!-]+", name, re.ASCII) or name.startswith("-"):
            return failed(f"failed to install {names}: {name!r} is no package")
    begin = apk_text.BEGIN.replace("OPTIONS", " ".join(map(quote, _options(args)))).replace(
        "WORLD", path(args["world"])
    )
    flags = f"pb_refresh={'1' if args['update_cache'] else ''} pb_names={quote(' '.join(names))}\n"
    state = {"installed": "present", "removed": "absent"}.get(args["state"], args["state"])
    choose = apk_text.UPGRADE.replace("HOW", "--available" if args["available"] else "") if args["upgrade"] else ""
    if names:
        choose = {"present": apk_text.PRESENT, "latest": apk_text.LATEST, "absent": apk_text.ABSENT}[state]
    return Fragment(f"{flags}{begin}pb_choose() {{\n:{choose}\n}}\n{apk_text.PROBE}", apk_text.APPLY)


def _options(args: Mapping[str, Any]) -> list[str]:
    words = ["--no-cache"] if args["no_cache"] else []
    for name in args["repository"] or ():
        if "\n" in name:
            raise StepError("a repository's address holds a newline")
        words += ["--repository", name, "--repositories-file", "/dev/null"]
    return words


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """Changed when apk did, or would do, something."""
    broken = failure(reply)
    if broken:
        said = {"stdout": text(reply.stdout), "stderr": text(reply.stderr), "packages": []}
        return Outcome(broken.status, {**broken.values, **said}, msg=broken.msg)
    args = call.args
    alone = not (args["name"] or args["upgrade"])
    plan, settled = value(reply, "plan").split(), bool(value(reply, "settled"))
    if call.check and args["update_cache"] and not alone and not plan and not settled:
        return Outcome(Status.SKIPPED, unknown=_FETCH)
    if call.check and "refused" in reply.values:
        return Outcome(Status.SKIPPED, unknown=_FETCH)
    changed = alone or bool(plan)
    out = text(reply.stdout)
    rows = re.findall(r"\(\d+/\d+\)\s+(\S+)\s+(\S+)(?:\s+\(([^)]*)\))?", out)
    values: dict[str, Any] = {"msg": _msg(args, alone, value(reply, "plan").split()), "stdout": out}
    values |= {"stderr": text(reply.stderr), "packages": [name for _, name, _ in rows]}
    diff = (_diff(rows),) if call.diff and rows else ()
    return Outcome(Status.CHANGED if changed else Status.OK, values, msg=values["msg"], diff=diff)


def _msg(args: Mapping[str, Any], alone: bool, plan: list[str]) -> str:
    """In the words of Ansible's module."""
    if alone:
        return "updated repository indexes"
    if args["upgrade"]:
        return "upgraded packages" if plan else "packages already upgraded"
    gone = args["state"] in ("absent", "removed")
    if not plan:
        return "package(s) already removed" if gone else "package(s) already installed"
    return f"removed {plan} package(s)" if gone else f"installed {plan} package(s)"


def _diff(rows: list[tuple[str, str, str]]) -> Diff:
    before: list[str] = []
    after: list[str] = []
    for verb, name, version in rows:
        old, arrow, new = version.partition(" -> ")
        if verb in ("Purging", "Deleting"):
            before.append(f"{name} {version}\n")
        else:
            after.append(f"{name} {new if arrow else version}\n")
            before += [f"{name} {old}\n"] if arrow else []
    return Diff("".join(sorted(before)), "".join(sorted(after)), "packages", "packages")
