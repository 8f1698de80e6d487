"""What came of bringing a file's content to its place: result keys, diff, or one more fragment that carries it."""

from __future__ import annotations

from typing import Any

from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import modes, place
from runner.sh.attributes import Seen, attribute_diff
from runner.sh.verdict import complaint, failure, text, value


def outcome(call: Call, sent: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Reads the reply of `place.fragment`; keys are those of Ansible's copy (dest checksum mode owner …)."""
    placing: place.Placing = sent.memo["placing"]
    problem = _failure(placing, reply)
    if problem:
        return problem
    if "source_is_made" in reply.values:
        reason = f"{placing.remote} would be made by an earlier step"
        return Outcome(Status.SKIPPED, msg=f"may change: {reason}", unknown=reason)
    if "need" in reply.values and not call.check and not sent.memo["uploaded"]:
        return place.fragment(call, placing, upload=True)
    dest = value(reply, "dest", placing.final)
    values: dict[str, Any] = {"dest": dest, "checksum": value(reply, "checksum", placing.sha1)}
    if not reply.differs:
        values["path"] = dest
    elif call.args.get("src"):
        values["src"] = call.args["src"]
    was, now = Seen.read(reply, "was"), Seen.read(reply, "now")
    if "kept" in reply.values:
        return Outcome(Status.OK, values, msg="file already exists")
    seen = now or was
    if seen is not None and seen.type != "absent":
        values |= seen.result()
    if "backup_file" in reply.values:
        values["backup_file"] = value(reply, "backup_file")
    diffs = _diffs(call, placing, reply, desk) if call.diff and reply.differs else ()
    return Outcome(Status.CHANGED if reply.differs else Status.OK, values, diff=diffs)


def _failure(placing: place.Placing, reply: Reply) -> Outcome | None:
    if reply.rc == 0 or "exit_status" not in reply.values:
        return failure(reply)
    said = complaint(reply.stderr) or complaint(reply.stdout)
    return failed(
        "failed to validate" + (f": {said}" if said else ""),
        exit_status=int(reply.values["exit_status"]),
        stdout=text(reply.stdout),
        stderr=text(reply.stderr),
        dest=value(reply, "dest", placing.final),
    )


def _diffs(call: Call, placing: place.Placing, reply: Reply, desk: Desk) -> tuple[Diff, ...]:
    dest = value(reply, "dest", placing.final)
    was = Seen.read(reply, "was")
    fresh = was is None or was.type in ("absent", "link")
    found: list[Diff] = []
    if fresh or "before" in reply.values or "before_large" in reply.values:
        found.append(_content_diff(placing, reply, dest, desk))
    if was is not None and not fresh:
        after = {**was.result(), **_wanted(call, was, Seen.read(reply, "now"))}
        attributes = attribute_diff(dest, _kept(was.result()), _kept(after))
        if attributes is not None:
            found.append(attributes)
    return tuple(found)


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values.get(name) for name in ("mode", "owner", "group")}


def _wanted(call: Call, was: Seen, now: Seen | None) -> dict[str, Any]:
    """Mode and owner after: as seen, or as asked for in a dry run."""
    if now is not None:
        return now.result()
    wanted: dict[str, Any] = {}
    for name, number in (("owner", was.uid), ("group", was.gid)):
        asked = call.args.get(name)
        if asked and asked != str(number):
            wanted[name] = asked
    mode = call.args.get("mode")
    if mode and mode != "preserve":
        wanted["mode"] = f"{modes.predict(mode, int(was.mode, 8), was.type == 'dir', 0o022):04o}"
    return wanted


def _content_diff(placing: place.Placing, reply: Reply, dest: str, desk: Desk) -> Diff:
    before, after = reply.values.get("before", b""), _after(placing, desk)
    note = ""
    if placing.sealed:
        note = "encrypted with Ansible Vault"
    elif "before_large" in reply.values or after is None or len(after) > place.DIFF_LIMIT:
        note = f"larger than {place.DIFF_LIMIT // 1024} KiB"
    elif b"\0" in before[:8192] or b"\0" in after[:8192]:
        note = "binary"
    if note:
        return Diff("", "", f"{dest} ({note}, not shown)", f"{dest} ({note}, not shown)")
    return Diff(text(before), text(after or b""), dest, placing.source or dest)


def _after(placing: place.Placing, desk: Desk) -> bytes | None:
    if placing.content is not None:
        return placing.content
    if placing.source is not None and placing.size <= place.DIFF_LIMIT:
        return desk.read(placing.source, decrypt=False)
    return None
