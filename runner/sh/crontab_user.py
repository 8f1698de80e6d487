"""A user's own crontab, read and written with crontab(1): Vixie's, cronie's and busybox's are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status, Upload
from runner.sh import place
from runner.sh.editing import Edit
from runner.sh.encode import printf_word
from runner.sh.quote import quote
from runner.sh.verdict import failure, text, value

# Code 1 says that there is no crontab. Newlines at the end are kept by a last character.
_READ: Final = r"""
pb_have crontab || pb_fail "Failed to find required executable \"crontab\": install cron (or cronie)"
user={user}
set --
[ -z "$user" ] || [ "$user" = "$(id -un)" ] || set -- -u "$user"
tab=$(crontab "$@" -l; rc=$?; printf x; exit "$rc")
[ $? -le 1 ] || pb_fail "Unable to read crontab"
tab=${{tab%x}}
"""

# Where a backup is kept, as Ansible does it.
BACKUP: Final = r"""
backup=$(mktemp "${TMPDIR:-/tmp}/crontabXXXXXX") && printf %s "$tab" >"$backup" || pb_fail "cannot write a backup"
pb_kv backup_file "$backup"
"""


def read(user: str | None) -> Fragment:
    """The first trip: what the crontab holds."""
    return Fragment(probe=_READ.format(user=quote(user or "")) + '\npb_kv tab "$tab"', last=False)


def outcome(call: Call, sent: Fragment, reply: Reply, change: Callable[[str], Edit]) -> Outcome | Fragment:
    """Of the first trip: what has to change, as an outcome or as the second trip. Of the second: what came of it."""
    broken = failure(reply)
    if broken:
        return broken
    if "edit" in sent.memo:
        return _done(call, sent.memo["before"], sent.memo["edit"], value(reply, "backup_file"))
    before = reply.values["tab"]
    edit = change(text(before))
    if call.check or edit.content == before:
        return _done(call, before, edit, "")
    return _writing(call, before, edit)


def _writing(call: Call, before: bytes, edit: Edit) -> Fragment:
    content = edit.content or b""
    probe = (
        _READ.format(user=quote(call.args["user"] or ""))
        + f'\n[ "$tab" = {quote(text(before))} ] || pb_fail "the crontab changed while we worked on it"\npb_differs'
    )
    uploads: tuple[Upload, ...] = ()
    write = f"printf {printf_word(content)}"
    if len(content) > place.INLINE_LIMIT:
        uploads, write = (place.content_upload("0", content),), 'cat <"$pb_up_0"'
    backup = BACKUP if call.args["backup"] else ""
    apply = f'{backup}{write} | crontab "$@" - || pb_fail "Failed to install new cronfile"'
    return Fragment(probe=probe, apply=apply, uploads=uploads, memo={"edit": edit, "before": before})


def _done(call: Call, before: bytes, edit: Edit, backup: str) -> Outcome:
    changed = edit.content != before
    header = f'crontab for user "{call.args["user"]}"' if call.args["user"] else "crontab"
    diff = Diff(text(before), text(edit.content or b""), header, header)
    return Outcome(
        Status.CHANGED if changed else Status.OK,
        {**edit.values} | ({"backup_file": backup} if backup else {}),
        diff=(diff,) if call.diff and changed else (),
    )
