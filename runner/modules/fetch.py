"""fetch: a file of the host to the controller (ansible.builtin.fetch)."""

from __future__ import annotations

import contextlib
import posixpath
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Download, Effect, Fragment, Outcome, Reply, Status, failed, ok
from runner.model.ports import Desk
from runner.sh.place import holds, sha1
from runner.sh.quote import path
from runner.sh.verdict import failure, value

CONTENT_LIMIT: Final = 64 << 10  # bytes of a file that comes with the answer

SPEC = Spec(
    doc="Bring a file of the host to the controller.",
    effect=Effect.READ,
    options={
        "src": Option("path", required=True, doc="The file on the host."),
        "dest": Option("path", required=True, doc="The folder (with flat: the file) on the controller."),
        "flat": Option("bool", default=False, doc="No folders for host and path."),
        "fail_on_missing": Option("bool", default=True, doc="Fail when the file is not there."),
        "validate_checksum": Option("bool", default=True, doc="Compare checksums after the transfer."),
    },
    example="""\
- name: Bring the report home
  ansible.builtin.fetch:
    src: /var/log/app/report.txt
    dest: reports/
""",
    returns={
        "dest": "Where the file is on the controller.",
        "checksum": "Its SHA-1 there.",
        "remote_checksum": "Its SHA-1 on the host.",
        "file": "The file on the host, if it was not transferred.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Looks first; of a file that differs from the one here, a small one comes along at once."""
    probe = (
        f'pb_path={path(call.args["src"])}\npb_kv src "$pb_path"\n'
        'case $pb_path in /*) pb_kv full "$pb_path" ;; *) pb_kv full "$PWD/$pb_path" ;; esac\n'
        'pb_statl "$pb_path"\ncase $pb_type in\n'
        "absent) pb_kv missing 1; exit 0 ;;\n"
        'dir) pb_fail "remote file is a directory, fetch cannot work on directories" ;;\n'
        'file) [ -r "$pb_path" ] || pb_fail "the remote file cannot be read: permission denied" ;;\n'
        '*) pb_fail "the remote file is no regular file ($pb_type)" ;;\nesac\n'
        f"{_CONTENT}\n"
    )
    known = "" if call.check else _known(call, desk)
    if not call.check:
        probe += f'[ "$pb_size" -gt {CONTENT_LIMIT} ] || [ -z "$pb_sum" ] || [ "$pb_sum" = "{known}" ] || '
        probe += 'pb_blob content "$pb_path"\n'
    return Fragment(probe=f'{probe}pb_kv sum "$pb_sum"; pb_kv size "$pb_size"', effect=Effect.READ, last=False)


# A short text is read by the shell itself, which is less than its checksum would cost.
_CONTENT: Final = r"""pb_sum=
if [ "$pb_size" -lt 2000 ] && pb_quick "$pb_path"; then pb_size=${#pb_text}; pb_kv content "$pb_text"
else pb_sum "$pb_path"; fi"""


def _known(call: Call, desk: Desk) -> str:
    """The checksum of the file here, "" if there is none, or its place depends on what the host says."""
    source = call.args["src"]
    with contextlib.suppress(StepError):
        if not source.startswith("~"):
            dest = _dest(call, source, desk)
            return desk.sha1(dest) if desk.exists(dest) else ""
    return ""


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when the file here differed. Asks for a download as its second fragment."""
    problem = failure(reply)
    if problem:
        return problem
    if fragment.download is not None:
        return Outcome(Status.CHANGED, dict(fragment.memo))
    source = value(reply, "src")
    if "missing" in reply.values:
        return _missing(call, source)
    dest, content = _dest(call, source, desk), _content(reply)
    checksum = value(reply, "sum") if content is None else sha1(content)
    if checksum and desk.exists(dest) and desk.sha1(dest) == checksum:
        return ok(checksum=checksum, dest=dest, file=source)
    values = {"checksum": checksum, "remote_checksum": checksum, "dest": dest}
    if call.check:
        return Outcome(Status.CHANGED, values)
    wanted = checksum if call.args["validate_checksum"] else ""
    size = int(value(reply, "size") or 0)
    download = Download(value(reply, "full", source), dest, wanted or None, size, content)
    bare = "" if content is None else ":"
    return Fragment("pb_differs", ":", effect=Effect.READ, download=download, memo=values, bare=bare)


def _content(reply: Reply) -> bytes | None:
    """The file's content, if it came along whole and as its checksum says."""
    content = reply.values.get("content")
    if content is None or len(content) != int(value(reply, "size") or 0):
        return None
    return content if value(reply, "sum") in ("", sha1(content)) else None


def _missing(call: Call, source: str) -> Outcome:
    if call.check and holds(call.will_exist, call.args["src"]):
        return Outcome(Status.SKIPPED, unknown=f"{source} would have been made before")
    if call.args["fail_on_missing"]:
        return failed("the remote file does not exist, not transferring", file=source)
    return Outcome(Status.OK, {"file": source}, msg="the remote file does not exist, not transferring, ignored")


def _dest(call: Call, source: str, desk: Desk) -> str:
    """The absolute path here. What a host says (its `~`) never leads out of the host's own folder."""
    dest = str(call.args["dest"])
    flat = bool(call.args["flat"])
    into = dest.endswith("/")
    full = _absolute(dest, desk)
    if not flat:
        return posixpath.join(full, _component(call.host), posixpath.normpath(f"/{source}").lstrip("/"))
    if into:
        return posixpath.join(full, _component(posixpath.basename(source)))
    if desk.exists(full) and desk.entry(full).kind == "dir":
        raise StepError(
            "dest is an existing directory, use a trailing slash if you want to fetch src into that directory"
        )
    return full


def _absolute(dest: str, desk: Desk) -> str:
    """Relative paths are those of the playbook's folder, as Ansible has it."""
    full = posixpath.expanduser(dest)
    if full.startswith("/"):
        return posixpath.normpath(full)
    base: Any = desk.variable("playbook_dir")
    return posixpath.normpath(posixpath.join(str(base), full))


def _component(name: str) -> str:
    """A name as one component of a path. Raises StepError when it cannot be one."""
    safe = name.replace("/", "_").replace("\0", "_")
    if safe in ("", ".", ".."):
        raise StepError(f"{name!r} cannot be the name of a file or folder")
    return safe
