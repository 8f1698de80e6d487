"""npm: Node.js packages of a folder, or of the whole host (community.general.npm)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed, ok
from runner.model.ports import Desk
from runner.sh.quote import path, quote
from runner.sh.verdict import failure, text, value

COLLECTION = "community.general"

SPEC = Spec(
    doc="Install Node.js packages with the host's npm, or remove them.",
    brings=True,
    effect=Effect.IDEMPOTENT,
    options={
        "name": Option(doc="The package; without it, what the folder's package.json asks for."),
        "version": Option(doc="Its version."),
        "path": Option("path", doc="The folder."),
        "global": Option("bool", default=False, doc="For the whole host."),
        "state": Option(default="present", choices=("present", "absent", "latest"), doc="What shall be."),
        "ci": Option("bool", default=False, doc="Just what package-lock.json says, from scratch."),
        "production": Option("bool", default=False, doc="Without what only developers need."),
        "ignore_scripts": Option("bool", default=False, doc="Run no scripts of packages."),
        "unsafe_perm": Option("bool", default=False, doc="Run scripts as root, too."),
        "no_optional": Option("bool", default=False, doc="Without optional packages."),
        "no_bin_links": Option("bool", default=False, doc="Make no links to programs."),
        "force": Option("bool", default=False, doc="With npm's `--force`."),
        "registry": Option(doc="The registry."),
        "executable": Option("path", doc="Which npm."),
    },
    example="""\
- name: The application's packages
  community.general.npm:
    path: /srv/app
    production: true
""",
    returns={"stdout": "What npm printed when it changed something."},
)

_FLAGS: Final[Mapping[str, str]] = {
    "global": "--global",
    "production": "--production",
    "ignore_scripts": "--ignore-scripts",
    "unsafe_perm": "--unsafe-perm",
}
_LAST: Final[Mapping[str, str]] = {"no_optional": "--no-optional", "no_bin_links": "--no-bin-links", "force": "--force"}
_WITH_PRODUCTION: Final = ("install", "update", "ci")

_LOOK: Final = r"""
pb_have "$npm" || pb_fail "there is no $npm on this host; install it (npm)"
out="$pb_dir/s.npm.$pb_index"
if [ -n "$folder" ]; then
  [ ! -e "$folder" ] || [ -d "$folder" ] || pb_fail "path $folder is not a directory"
fi
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip asks npm what there is."""
    del desk
    args = call.args
    if not args["path"] and not args["global"]:
        return failed("path must be specified when not using global")
    if args["state"] == "absent" and not args["name"]:
        return failed("uninstalling a package is only available for named packages")
    if (args["name"] or "").startswith("-"):
        return failed(f"no package is named {args['name']!r}")
    if args["state"] == "present" and args["ci"]:
        return Outcome(Status.CHANGED) if call.check else _acting(args, ["ci"])
    lines = [
        _start(args),
        'if [ -n "$folder" ] && [ ! -d "$folder" ]; then exit 0; fi',
        f'"$npm" {_words(args, "list", "--json", "--long", named=False)} >"$out" 2>/dev/null; pb_blob list "$out"',
    ]
    if args["state"] == "latest":
        lines.append(f'"$npm" {_words(args, "outdated", named=False)} >"$out" 2>/dev/null; pb_blob outdated "$out"')
    return Fragment("\n".join(lines), effect=Effect.READ, last=False)


def _start(args: Mapping[str, Any]) -> str:
    npm = path(args["executable"]) if args["executable"] else "npm"
    folder = path(args["path"]) if args["path"] else "''"
    return f'npm={npm} folder={folder}\n{_LOOK}[ -z "$folder" ] || [ ! -d "$folder" ] || cd "$folder" || exit 1'


def _package(args: Mapping[str, Any]) -> str:
    return f"{args['name']}@{args['version']}" if args["version"] else str(args["name"] or "")


def _words(args: Mapping[str, Any], *verb: str, named: bool = True) -> str:
    """npm's arguments, in Ansible's order."""
    words = list(verb)
    for name, flag in _FLAGS.items():
        if args[name] and (name != "production" or verb[0] in _WITH_PRODUCTION):
            words.append(flag)
    if named and args["name"]:
        words.append(_package(args))
    words += ["--registry", args["registry"]] if args["registry"] else []
    words += [flag for name, flag in _LAST.items() if args[name]]
    return " ".join(quote(word) for word in words)


def _acting(args: Mapping[str, Any], verbs: list[str]) -> Fragment:
    """The second trip: what has to be done."""
    make = 'if [ -n "$folder" ] && [ ! -d "$folder" ]; then mkdir -p -- "$folder" && cd "$folder" || exit 1; fi'
    runs = [f'"$npm" {_words(args, verb, named=verb != "ci")} || exit $?' for verb in verbs]
    return Fragment("pb_differs", "\n".join([_start(args), make, *runs]), memo={"acts": True}, last=False)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when npm had to do something."""
    del desk
    args = call.args
    problem = failure(reply)
    if problem:
        said = text(reply.stderr).strip()
        return failed(value(reply, "msg") or said or problem.msg, rc=reply.rc, stdout=text(reply.stdout), stderr=said)
    if "acts" in fragment.memo:
        return ok(changed=True, stdout=text(reply.stdout))
    try:
        listed = json.loads(value(reply, "list") or "{}")
    except ValueError:
        return failed("Failed to parse NPM output: it is no JSON", stdout=value(reply, "list"))
    verbs = _verbs(args, *_split(args, listed.get("dependencies") or {}), bool(value(reply, "outdated").strip()))
    if call.check or not verbs:
        return ok(changed=bool(verbs))
    return _acting(args, verbs)


def _split(args: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """What is installed (by name, and by name and version), and what is missing."""
    installed: set[str] = set()
    missing: set[str] = set()
    for name, about in found.items():
        if about.get("missing") or about.get("invalid"):
            missing.add(name)
        else:
            installed |= {name, f"{name}@{about['version']}"} if "version" in about else {name}
    if args["name"] and _package(args) not in installed:
        missing.add(args["name"])
    return installed, missing


def _verbs(args: Mapping[str, Any], installed: set[str], missing: set[str], outdated: bool) -> list[str]:
    if args["state"] == "absent":
        return ["uninstall"] if args["name"] in installed else []
    return (["install"] if missing else []) + (["update"] if args["state"] == "latest" and outdated else [])
