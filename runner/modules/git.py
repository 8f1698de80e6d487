"""git: a repository cloned, and brought to a version, by the git of the host (ansible.builtin.git)."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.model.values import Unknown
from runner.sh import place, repository
from runner.sh.quote import path, quote
from runner.sh.verdict import failure, text, value

SPEC = Spec(
    doc="Clone a git repository, and bring it to a version.",
    brings=True,
    mutually_exclusive=(("separate_git_dir", "bare"), ("accept_hostkey", "accept_newhostkey")),
    options={
        "repo": Option(required=True, aliases=("name",), doc="Its address."),
        "dest": Option("path", doc="Where it goes."),
        "version": Option(default="HEAD", doc="A branch, a tag or a SHA-1."),
        "remote": Option(default="origin", doc="What the remote is called."),
        "refspec": Option(doc="More to fetch."),
        "reference": Option(doc="A repository on the host to borrow objects from."),
        "force": Option("bool", default=False, doc="Throw away changes of tracked files."),
        "depth": Option("int", doc="Only so many versions back."),
        "clone": Option("bool", default=True, doc="Clone if there is nothing; else only tell the version."),
        "update": Option("bool", default=True, doc="Bring what is there to the version."),
        "bare": Option("bool", default=False, doc="Without files."),
        "recursive": Option("bool", default=True, doc="With submodules."),
        "single_branch": Option("bool", default=False, doc="Only this branch."),
        "track_submodules": Option("bool", default=False, doc="Bring submodules to the end of their branch."),
        "verify_commit": Option("bool", default=False, doc="Check the signature."),
        "gpg_allowlist": Option(
            "list", elements="str", default=[], aliases=("gpg_whitelist",), doc="Fingerprints that may have signed."
        ),
        "accept_hostkey": Option("bool", default=False, doc="Take any host key."),
        "accept_newhostkey": Option("bool", default=False, doc="Take a host key that is not known yet."),
        "key_file": Option("path", doc="The private key (on the host)."),
        "ssh_opts": Option(doc="Further options of ssh."),
        "executable": Option("path", doc="Which git."),
        "umask": Option("raw", doc="The umask, octal and quoted."),
        "archive": Option("path", doc="An archive to make of the version: .zip, .gz, .tar or .tgz."),
        "archive_prefix": Option(doc="What stands before each name in it."),
        "separate_git_dir": Option("path", doc="Where the repository itself goes."),
    },
    example="""\
- name: The application
  ansible.builtin.git:
    repo: https://git.example.org/app.git
    dest: /srv/app
    version: v1.2
    depth: 1
""",
    returns={
        "before": "The version that was there.",
        "after": "The version that is there.",
        "remote_url_changed": "Whether the remote was elsewhere.",
        "submodules_changed": "Whether submodules were brought up to date.",
    },
)

_FORMS: Final = {".zip": "zip", ".gz": "tar.gz", ".tar": "tar", ".tgz": "tgz"}
_CHANGES: Final = ("mods", "moved", "subs", "subs_updated", "packed", "git_dir_now")
_SHA1: Final = re.compile("[0-9a-f]{40}")
_FLAGS: Final = {
    "bare": "bare",
    "force": "force",
    "clone": "clone",
    "update": "update",
    "recursive": "recursive",
    "track": "track_submodules",
    "single": "single_branch",
    "checks": "verify_commit",
}


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """One trip: the remote is asked for the version, and what is missing is fetched."""
    del desk
    args = call.args
    wrong = _wrong(args)
    if wrong:
        return failed(wrong)
    gone = call.check and bool(args["dest"]) and place.holds(call.will_vanish, args["dest"])
    words = {
        "git": path(args["executable"]) if args["executable"] else "git",
        "dest": path(args["dest"].rstrip("/") or "/") if args["dest"] else "''",
        "ssh": quote(_ssh(args)),
        "archive": path(args["archive"]) if args["archive"] else "''",
        "form": _FORMS.get(posixpath.splitext(args["archive"] or "")[1], "''"),
        "separate": path(args["separate_git_dir"]) if args["separate_git_dir"] else "''",
        "trusted": quote(" ".join(args["gpg_allowlist"])),
        "vanishes": "1" if gone else "''",
        "prefix": quote(args["archive_prefix"] or ""),
        "depth": str(args["depth"]) if args["depth"] else "''",
        **{name: "1" if args[key] else "''" for name, key in _FLAGS.items()},
        **{name: quote(args[name] or "") for name in ("version", "remote", "refspec", "reference")},
    }
    repo = path(args["repo"]) if args["repo"].startswith("~") else quote(args["repo"])
    lines = [" ".join(f"{name}={word}" for name, word in words.items()), f"repo={repo}"]
    lines.append("case $repo in /*) repo=file://$repo ;; esac")
    if args["umask"]:
        lines.append(f"umask {int(args['umask'], 8):04o}")
    return Fragment(
        probe="\n".join([*lines, repository.LOOK, repository.JUDGE]),
        apply="\n".join((repository.CLONE, repository.UPDATE, repository.SWITCH, repository.APPLY)),
        makes=tuple(args[name] for name in ("dest", "archive") if args[name]),
        last=not (call.check and args["track_submodules"]),
    )


def _wrong(args: Mapping[str, Any]) -> str:
    """What is wrong with the arguments; "" if nothing."""
    if not args["dest"] and args["clone"]:
        return "the destination directory must be specified unless clone=no"
    if args["archive_prefix"] is not None and not args["archive"]:
        return "missing parameter(s) required by 'archive_prefix': archive"
    if args["archive"] and posixpath.splitext(args["archive"])[1] not in _FORMS:
        return f"Unable to get file extension from archive file name : {args['archive']}"
    for name in ("version", "remote", "refspec"):
        if (args[name] or "").startswith("-") or "\n" in (args[name] or ""):
            return f"{name} cannot be {args[name]!r}: git would read it as an option, or as two"
    umask = args["umask"]
    if umask is not None and not isinstance(umask, str):
        return "umask must be defined as a quoted octal integer"
    if umask is not None and not re.fullmatch("[0-7]{1,4}", umask):
        return "umask must be an octal integer"
    return ""


def _ssh(args: Mapping[str, Any]) -> str:
    """Options of ssh, as the shell that git starts reads them. Raises StepError when they cannot be split."""
    try:
        words = shlex.split(args["ssh_opts"] or "")
    except ValueError as error:
        raise StepError(f"ssh_opts cannot be split into words: {error}") from None
    text = " ".join(quote(word) for word in words)
    if "StrictHostKeyChecking=no" not in text and "StrictHostKeyChecking=accept-new" not in text:
        if args["accept_hostkey"]:
            text += " -o StrictHostKeyChecking=no"
        elif args["accept_newhostkey"]:
            text += " -o StrictHostKeyChecking=accept-new"
    if "BatchMode=yes" not in text:
        text += " -o BatchMode=yes"
    if args["key_file"]:
        text += f" -i {path(args['key_file'])} -o IdentitiesOnly=yes"
    return text.strip()


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when the version is another one, or something else had to be put right."""
    del fragment, desk
    has = {name: name in reply.values for name in (*_CHANGES, "track", "no_clone")}
    before = value(reply, "before") or None
    values: dict[str, Any] = {"before": before}
    if before is not None and call.args["update"]:
        values["remote_url_changed"] = has["moved"]
    problem = failure(reply)
    if problem:
        said = text(reply.values.get("said", b"")).strip()
        last = said.splitlines()[-1] if said else ""
        values |= {"rc": reply.rc, "stderr": said} if said else {}
        return failed(value(reply, "msg", problem.msg) + (f": {last}" if last else ""), **values)
    wanted = value(reply, "wanted")
    if has["mods"]:
        values["msg"] = f"Local modifications exist in the destination: {call.args['dest']}"
    if "git_dir_now" in reply.values:
        values |= {name: value(reply, name) for name in ("git_dir_before", "git_dir_now")}
    if has["no_clone"]:
        return Outcome(Status.CHANGED, {**values, "after": wanted})
    if has["subs"] or has["subs_updated"]:
        values["submodules_changed"] = True
    after = value(reply, "after") or wanted
    changed = before != after or any(has[name] for name in _CHANGES)
    if call.check and has["track"] and not changed:
        reason = "what the submodules have come to is not asked in check mode"
        return Outcome(Status.SKIPPED, values, msg=f"may change: {reason}", unknown=reason)
    if call.check and before != after and not _SHA1.fullmatch(after):
        values["after"] = Unknown(f"the commit of {after} is not fetched")
    else:
        values["after"] = after
    shown: tuple[Diff, ...] = ()
    if call.diff and before != after:
        shown = (Diff(f"{before}\n" if before else "", f"{after}\n", "version", "version"),)
    msg = str(values.get("msg", ""))
    return Outcome(Status.CHANGED if changed else Status.OK, values, msg=msg, diff=shown)
