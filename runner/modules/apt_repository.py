"""apt_repository: a source of packages for apt, on one line (ansible.builtin.apt_repository)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import apt_sources, apt_sources_text
from runner.sh.apt_result import refused
from runner.sh.attributes import check_mode_text
from runner.sh.verdict import failure, value

SPEC = Spec(
    doc="Add a source of packages to apt, or remove it.",
    brings=True,
    options={
        "repo": Option(required=True, doc="The source: `deb URI suite component`, or `ppa:owner/name`."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be there."),
        "mode": Option("mode", doc="Mode of the file it is added to."),
        "update_cache": Option("bool", default=True, aliases=("update-cache",), doc="Fetch lists after a change."),
        "update_cache_retries": Option("int", default=5, doc="How often fetching is tried."),
        "update_cache_retry_max_delay": Option("int", default=12, doc="The longest pause between tries, in seconds."),
        "filename": Option(doc="Name of the file in sources.list.d, without `.list`; by default made of the URI."),
        "install_python_apt": Option("bool", default=True, doc="Accepted: no Python is needed."),
        "validate_certs": Option("bool", default=True, doc="Accepted: nothing is downloaded by this itself."),
        "codename": Option(doc="The release a PPA is taken for; by default the host's."),
    },
    example="""\
- name: A vendor's repository, with its key
  ansible.builtin.apt_repository:
    repo: deb [signed-by=/etc/apt/keyrings/vendor.asc] https://example.com/apt stable main
    filename: vendor
""",
    returns={
        "repo": "The source as it was given.",
        "sources_added": "Files that are new.",
        "sources_removed": "Files that are gone.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """The first trip: all files of one-line sources."""
    repo = call.args["repo"]
    check_mode_text(call.args["mode"])
    if not repo:
        return failed("Please set argument 'repo' to a non-empty value")
    if repo.startswith("ppa:"):
        if not re.fullmatch(r"ppa:[A-Za-z0-9][A-Za-z0-9.+-]*(/[A-Za-z0-9][A-Za-z0-9.+-]*)?", repo):
            return failed(f"Invalid repository string: {repo}")
        return Fragment(apt_sources_text.READ, last=call.check, memo={"stage": "read"})
    line = apt_sources.parsed(repo)
    if not line.valid or not line.enabled or "\n" in repo:
        return failed(f"Invalid repository string: {line.source}")
    place = _place(call, line.source)
    made = (place,) if call.args["state"] == "present" else ()
    return Fragment(apt_sources_text.READ, last=call.check, memo={"stage": "read"}, makes=made)


def _place(call: Call, source: str) -> str:
    name = apt_sources.file_name(source, call.args["filename"])
    return name if "/" in name else f"{apt_sources.FOLDER}/{name}"


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """What has to be written, or that it was."""
    broken = refused(reply) or failure(reply)
    if broken:
        return broken
    if fragment.memo["stage"] == "write":
        return _result(call, fragment.memo["before"], fragment.memo["after"])
    texts = apt_sources_text.files(reply)
    files = {path: [apt_sources.parsed(line) for line in text.splitlines()] for path, text in texts.items()}
    repo, codename = call.args["repo"], call.args["codename"] or value(reply, "codename")
    ppa = repo.startswith("ppa:")
    if ppa and not codename:
        return failed("the host's release has no codename; set `codename`")
    source = apt_sources.ppa_source(repo, codename) if ppa else apt_sources.parsed(repo).source
    new: str | None = None
    if call.args["state"] == "absent":
        after = apt_sources.removed(files, source)
    else:
        after, new = apt_sources.added(files, source, _place(call, f"{repo}_{codename}" if ppa else source))
    before = {path: apt_sources.written(lines) for path, lines in files.items() if lines}
    wanted = {path: apt_sources.written(lines) for path, lines in after.items() if lines}
    if before == wanted:
        return _result(call, before, before)
    if call.check:
        return _result(call, before, wanted)
    return _writing(call, reply, before, wanted, new)


def _writing(
    call: Call, reply: Reply, before: Mapping[str, str], after: Mapping[str, str], new: str | None
) -> Fragment:
    changes = {path: after.get(path) for path in (*after, *before) if before.get(path) != after.get(path)}
    args = call.args
    update = (args["update_cache_retries"], args["update_cache_retry_max_delay"]) if args["update_cache"] else None
    return apt_sources_text.write(
        changes,
        reply,
        file_modes={new: args["mode"]} if new else {},
        update=update,
        first=apt_sources_text.ppa_key(args["repo"]) if new and args["repo"].startswith("ppa:") else "",
        memo={"before": before, "after": after},
    )


def _result(call: Call, before: Mapping[str, str], after: Mapping[str, str]) -> Outcome:
    values: dict[str, Any] = {
        "repo": call.args["repo"],
        "state": call.args["state"],
        "sources_added": sorted(after.keys() - before.keys()),
        "sources_removed": sorted(before.keys() - after.keys()),
    }
    changed = [path for path in sorted({**before, **after}) if before.get(path) != after.get(path)]
    diffs = tuple(
        Diff(
            before.get(path, ""),
            after.get(path, ""),
            path if path in before else "/dev/null",
            path if path in after else "/dev/null",
        )
        for path in changed
    )
    return Outcome(Status.CHANGED if changed else Status.OK, values, diff=diffs if call.diff else ())
