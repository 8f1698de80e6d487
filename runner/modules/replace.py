"""replace: all matches of a pattern in a file replaced (ansible.builtin.replace)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import editing
from runner.sh.attributes import FILE_OPTIONS

SPEC = Spec(
    doc="Replace all matches of a pattern in a file.",
    options={
        "path": Option("path", required=True, aliases=("dest", "destfile", "name"), doc="The file."),
        "regexp": Option(required=True, doc="Python pattern; `^` and `$` match at lines."),
        "replace": Option(default="", doc="What is put in a match's place; may refer to groups. Empty removes it."),
        "after": Option(doc="Only what comes after the first match of this pattern is looked at."),
        "before": Option(doc="Only what comes before a match of this pattern is looked at."),
        "encoding": Option(default="utf-8", doc="The file's encoding."),
        "backup": Option("bool", default=False, doc="Keep the old file beside it, with the time in its name."),
        "validate": Option(doc="A command that checks the new file before it is put in place; `%s` is its path."),
        **FILE_OPTIONS,
    },
    example="""\
- name: Another name everywhere
  ansible.builtin.replace:
    path: /etc/app.conf
    regexp: ^(server=).*$
    replace: \\g<1>new.example.com
""",
    returns={
        "backup_file": "Where the old file is kept.",
        "rc": "0.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: what the file holds."""
    del desk
    return editing.read(call, editing.from_args(call.args))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to change, as an outcome or as the second trip; of that, what came of it."""
    del desk
    return editing.outcome(call, fragment, reply, lambda before: _change(call.args, before))


def _change(args: Mapping[str, Any], before: bytes | None) -> editing.Edit | Outcome:
    if before is None:
        return failed(f"Path {args['path']} does not exist !", rc=257)
    # Only UTF-8 leaves bytes as they are that are not of it.
    handling = "surrogateescape" if args["encoding"].lower() in ("utf-8", "utf8") else "strict"
    try:
        text = before.decode(args["encoding"], handling)
        section = _section(args, text)
        if isinstance(section, Outcome):
            return section
        start, end = section
        made, count = re.subn(args["regexp"], args["replace"], text[start:end], flags=re.MULTILINE)
        if made == text[start:end]:
            return editing.Edit(before, values={"rc": 0})
        content = (text[:start] + made + text[end:]).encode(args["encoding"], handling)
    except (re.error, IndexError) as error:
        raise StepError(f"Unable to process replace due to error: {error}") from None
    except (LookupError, UnicodeError) as error:
        raise StepError(f"{args['path']} cannot be read as {args['encoding']}: {error}") from None
    return editing.Edit(content, f"{count} replacements made", {"rc": 0})


def _section(args: Mapping[str, Any], text: str) -> tuple[int, int] | Outcome:
    """Where the part between `after` and `before` begins and ends; the outcome if it is nowhere."""
    after, before = args["after"] or "", args["before"] or ""
    if not after and not before:
        return 0, len(text)
    inner = "(?P<subsection>.*?)" if after and before else "(?P<subsection>.*)"
    pattern = f"{after}{inner}{before}"
    match = re.search(pattern, text, re.DOTALL)
    if match:
        return match.span("subsection")
    msg = f"Pattern for before/after params did not match the given file: {pattern}"
    return Outcome(Status.OK, {"msg": msg, "rc": 0}, msg=msg)
