"""get_url: a file from the web, brought to its place by the host itself (ansible.builtin.get_url)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import download, web, web_answer
from runner.sh.attributes import FILE_OPTIONS, Seen
from runner.sh.verdict import failure, text, value
from runner.sh.web_answer import Answer, masked

SPEC = Spec(
    doc="Bring a file from the web to a place on the host; the host itself asks for it, with curl or wget.",
    effect=Effect.IDEMPOTENT,
    options={
        "url": Option(required=True, doc="The address: http, https, ftp or file."),
        "dest": Option("path", required=True, doc="The file, or the folder it goes into under its own name."),
        "backup": Option("bool", default=False, doc="Keep the old file beside the new one."),
        "checksum": Option(default="", doc="`ALGORITHM:DIGEST`, or the address of a file with the digest in it."),
        "timeout": Option("int", default=10, doc="Seconds in which nothing may happen."),
        "headers": Option("dict", doc="Further headers of the request."),
        "tmp_dest": Option("path", doc="The folder that the file is first brought to."),
        "url_username": Option(aliases=("username",), doc="The user."),
        "url_password": Option(aliases=("password",), secret=True, doc="The user's password."),
        **web.WEB_OPTIONS,
        **FILE_OPTIONS,
    },
    example="""\
- name: A release
  ansible.builtin.get_url:
    url: https://example.org/app-1.2.tar.gz
    dest: /opt/app-1.2.tar.gz
    checksum: sha256:https://example.org/SHA256SUMS
    mode: "0644"
""",
    returns={
        "dest": "Where it is.",
        "checksum_src": "The SHA-1 of what came.",
        "checksum_dest": "The SHA-1 of what was there.",
        "status_code": "The status of the response.",
        "backup_file": "Where the old file is kept.",
        "md5sum": "The file's MD5.",
        "elapsed": "How many seconds it took.",
        "url": "The address, without user and password.",
    },
)

_ALGORITHMS: Final = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
# Lines of a file of digests, as BSD's and GNU's tools write them.
_BSD: Final = re.compile(r"\w+ ?\((?P<path>.+)\) ?= (?P<digest>[\w.]+)")
_GNU: Final = re.compile(r"(?P<digest>[\w.]+)\s+(?:\*|\./|\.)?(?P<path>.+)")


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The download; before it, if that is where the digest stands, the file of digests."""
    del desk
    args = call.args
    if not args["checksum"]:
        return download.fragment(call, "", "")
    algorithm, colon, digest = args["checksum"].partition(":")
    if not colon:
        return _wrong(args, "The checksum parameter has to be in format <algorithm>:<checksum>")
    if algorithm.lower() not in _ALGORITHMS:
        return _wrong(args, f"Could not hash file with algorithm '{algorithm}'. Available: {', '.join(_ALGORITHMS)}")
    if urlsplit(digest).scheme not in ("http", "https", "ftp", "file"):
        return _wanted(call, algorithm.lower(), digest)
    asked = web.text(web.request(args, digest))
    probe = f'{web.LOOK}{asked}web_0 >"$pb_dir/s.sums.$pb_index"; web_rc=$?; web_tell 0\n'
    probe += 'pb_blob sums "$pb_dir/s.sums.$pb_index"'
    return Fragment(probe=probe, effect=Effect.READ, last=False, memo={"sums": digest, "algorithm": algorithm.lower()})


def _wrong(args: Mapping[str, Any], msg: str, **more: Any) -> Outcome:
    return failed(msg, dest=args["dest"], url=masked(args["url"]), **more)


def _wanted(call: Call, algorithm: str, digest: str) -> Fragment | Outcome:
    """The download of a file that shall have this digest."""
    wanted = re.sub(r"\W+", "", digest).lower()
    if not re.fullmatch("[0-9a-f]+", wanted):
        return _wrong(call.args, "The checksum format is invalid")
    return download.fragment(call, algorithm, wanted)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Of the file of digests: the download. Of that: what came of it."""
    del desk
    problem = failure(reply)
    if problem:
        return Outcome(problem.status, {**problem.values, **_common(call, reply)}, msg=problem.msg)
    if "sums" in fragment.memo:
        return _sums(call, fragment.memo, reply)
    was, now = Seen.read(reply, "was"), Seen.read(reply, "now")
    if "kept" in reply.values:
        msg = "file already exists" + (" but file attributes changed" if reply.differs else "")
        shown = {} if now is None else now.result()
        return Outcome(_status(reply.differs), {**_common(call, reply), **shown, "checksum_src": None}, msg=msg)
    answer = web_answer.read(reply, call.args["url"])
    bad = _bad(call, reply, answer)
    if bad:
        return bad
    values = {**_common(call, reply), "status_code": answer.status}
    if answer.status == 304:
        there = now or was
        return Outcome(Status.OK, {**values, **(there.result() if there else {})}, msg=answer.error)
    if call.check:
        return _foreseen(call, reply, answer, was)
    if value(reply, "wrong_digest"):
        digest, asked = value(reply, "wrong_digest").split(" ")
        return failed(
            f"The checksum for {value(reply, 'dest')} did not match {asked}; it was {digest}.", **_common(call, reply)
        )
    if now is not None:
        values |= now.result()
    changed = value(reply, "checksum_src") != value(reply, "checksum_dest") or value(reply, "was") != value(
        reply, "now"
    )
    values["md5sum"] = value(reply, "md5sum") or None
    if "backup_file" in reply.values:
        values["backup_file"] = value(reply, "backup_file")
    return Outcome(_status(changed), values, msg=answer.msg)


def _status(changed: bool) -> Status:
    return Status.CHANGED if changed else Status.OK


def _common(call: Call, reply: Reply) -> dict[str, Any]:
    return {
        "dest": value(reply, "dest", call.args["dest"]),
        "url": masked(call.args["url"]),
        "elapsed": web_answer.elapsed(reply),
        "checksum_src": value(reply, "checksum_src") or None,
        "checksum_dest": value(reply, "checksum_dest") or None,
    }


def _sums(call: Call, memo: Mapping[str, Any], reply: Reply) -> Fragment | Outcome:
    bad = _bad(call, reply, web_answer.read(reply, memo["sums"]))
    if bad:
        return bad
    name = web_name(call.args["url"])
    lines = text(reply.values.get("sums", b"")).splitlines()
    if len(lines) == 1 and len(lines[0].split()) == 1:
        return _wanted(call, memo["algorithm"], lines[0])
    for line in lines:
        found = _BSD.fullmatch(line) or _GNU.fullmatch(line)
        if found and name in (found["path"], found["path"].lstrip("./")):
            return _wanted(call, memo["algorithm"], found["digest"])
    return failed(f"Unable to find a checksum for file '{name}' in '{masked(memo['sums'])}'")


def web_name(url: str) -> str:
    """The name of the file at an address."""
    return urlsplit(url).path.rpartition("/")[2] or "index.html"


def _bad(call: Call, reply: Reply, answer: Answer) -> Outcome | None:
    """The failure of a request that did not come to its end."""
    common = _common(call, reply)
    if answer.status == -1:
        return failed(answer.error, **common)
    if answer.status not in (200, 304):
        return failed("Request failed", **common, status_code=answer.status, response=answer.error)
    if answer.rc and answer.status == 200 and not call.check:
        return failed(f"Incomplete read: {answer.said}", **common)
    return None


def _foreseen(call: Call, reply: Reply, answer: Answer, was: Seen | None) -> Outcome:
    """What a dry run says: a file of another length is another file; one of the same length may be the same."""
    values = {**_common(call, reply), "status_code": answer.status}
    length = answer.headers.get("content-length", "")
    differs = "digest_differs" in reply.values
    same = "digest_differs" not in reply.values and bool(value(reply, "digest_fits"))
    if was is None or was.type == "absent" or differs or (length.isdigit() and int(length) != was.size):
        return Outcome(Status.CHANGED, values, msg=answer.msg)
    if same:
        return Outcome(_status("attributes" in reply.values), values, msg=answer.msg)
    reason = f"{value(reply, 'dest')} may be what {masked(call.args['url'])} is"
    return Outcome(Status.SKIPPED, values, msg=f"may change: {reason}", unknown=reason)
