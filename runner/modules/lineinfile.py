"""lineinfile: one line of a file present or absent (ansible.builtin.lineinfile).

What the file shall be is computed here with Python's `re`, exactly as Ansible does (see `runner/sh/editing.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import editing, lines
from runner.sh.attributes import FILE_OPTIONS
from runner.sh.verdict import warned

SPEC = Spec(
    doc="Make one line of a file present or absent.",
    effect=Effect.IDEMPOTENT,
    mutually_exclusive=(("insertbefore", "insertafter"), ("regexp", "search_string"), ("backrefs", "search_string")),
    options={
        "path": Option("path", required=True, aliases=("dest", "destfile", "name"), doc="The file."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether the line shall be there."),
        "regexp": Option(
            "regexp", aliases=("regex",), doc="Python pattern of the line to replace (the last match) or remove."
        ),
        "search_string": Option(doc="Literal text of the line to replace or remove."),
        "line": Option(aliases=("value",), doc="The line, without its newline."),
        "backrefs": Option(
            "bool", default=False, doc="Expand groups of `regexp` in `line`; change nothing without a match."
        ),
        "insertafter": Option(
            "regexp", doc="Where a new line goes: after the last match of this pattern, or `EOF`, `BOF`."
        ),
        "insertbefore": Option("regexp", doc="Where a new line goes: before the last match of this pattern, or `BOF`."),
        "firstmatch": Option("bool", default=False, doc="Take first matches instead of last ones."),
        "create": Option("bool", default=False, doc="Make the file (and its folder) if there is none."),
        "backup": Option("bool", default=False, doc="Keep the old file beside it, with the time in its name."),
        "validate": Option(doc="A command that checks the new file before it is put in place; `%s` is its path."),
        **FILE_OPTIONS,
    },
    example="""\
- name: No root over SSH
  ansible.builtin.lineinfile:
    path: /etc/ssh/sshd_config
    regexp: ^#?PermitRootLogin
    line: PermitRootLogin no
    validate: sshd -t -f %s
""",
    returns={
        "backup": "Where the old file is kept.",
        "found": "How many lines were removed.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: what the file is and holds, and whether mode and owner are as wanted."""
    del desk
    args = call.args
    wrong = _wrong(args)
    if wrong:
        return failed(wrong)
    create = args["create"] and args["state"] == "present"
    return editing.read(call, editing.from_args(args, create=create, backup_key="backup"))


def _wrong(args: Mapping[str, Any]) -> str:
    """What is wrong with the arguments, in Ansible's words; "" if nothing."""
    if args["state"] == "present":
        if args["backrefs"] and args["regexp"] is None:
            return "regexp is required with backrefs=true"
        if args["line"] is None:
            return "line is required with state=present"
    elif (args["regexp"], args["search_string"], args["line"]) == (None, None, None):
        return "one of line, search_string, or regexp is required with state=absent"
    return ""


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to change, as an outcome or as the second trip; of that, what came of it."""
    del desk
    made = editing.outcome(call, fragment, reply, lambda before: _change(call.args, before))
    return warned(made, *_doubts(call.args))


def _doubts(args: Mapping[str, Any]) -> list[str]:
    """An empty pattern fits every line, which is seldom what is meant."""
    if "" not in (args["regexp"], args["search_string"]):
        return []
    name, mend = "search string", ""
    if args["regexp"] == "":
        name = "regular expression"
        mend = " If this is desired, use '^' to match every line in the file and avoid this warning."
    what = "This may have unintended consequences, such as replacing the last line in the file rather than appending."
    return [f"The {name} is an empty string, which will match every line in the file. {what}{mend}"]


def _change(args: Mapping[str, Any], before: bytes | None) -> editing.Edit | Outcome:
    path, present = args["path"], args["state"] == "present"
    if before is None and not present:
        return Outcome(Status.OK, {"msg": "file not present"}, msg="file not present")
    if before is None and not args["create"]:
        return failed(f"Destination {path} does not exist !", rc=257)
    try:
        edit = (lines.present if present else lines.absent)(before or b"", _wish(args))
    except (re.error, IndexError) as error:
        return failed(f"Invalid regular expression or back reference: {error}")
    return editing.Edit(edit.content, edit.msg, {"backup": ""} | ({} if present else {"found": edit.found}))


def _wish(args: Mapping[str, Any]) -> lines.Wish:
    return lines.Wish(
        line=_bytes(args["line"]),
        regexp=_bytes(args["regexp"]),
        search=_bytes(args["search_string"]),
        after=_bytes(args["insertafter"]),
        before=_bytes(args["insertbefore"]),
        backrefs=args["backrefs"],
        firstmatch=args["firstmatch"],
    )


def _bytes(given: str | None) -> bytes | None:
    return None if given is None else editing.encoded(given)
