"""ini_file: an option of a section of an INI file (community.general.ini_file)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.arguments import ArgumentError, Option, Spec, coerce
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk
from runner.sh import editing, ini
from runner.sh.attributes import FILE_OPTIONS
from runner.sh.verdict import value

COLLECTION = "community.general"

SPEC = Spec(
    doc="Set, add or remove an option of an INI file, or a whole section.",
    mutually_exclusive=(("value", "values"),),
    options={
        "path": Option("path", required=True, aliases=("dest",), doc="The file."),
        "section": Option(doc="The section; without one, the lines before the first section."),
        "section_has_values": Option(
            "list",
            elements="dict",
            doc="Only a section that has each `option` with its `value` or `values` is the one.",
        ),
        "option": Option(doc="The option; without one, the section itself is added or removed."),
        "value": Option(doc="Its value."),
        "values": Option("list", elements="str", doc="Its values, each on a line of its own."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether the option shall be there."),
        "exclusive": Option("bool", default=True, doc="Remove other lines of the option (absent: whatever its value)."),
        "no_extra_spaces": Option("bool", default=False, doc="No blanks around the `=`."),
        "ignore_spaces": Option("bool", default=False, doc="Leave a line alone that differs in blanks only."),
        "allow_no_value": Option("bool", default=False, doc="The option may stand there without a value."),
        "modify_inactive_option": Option("bool", default=True, doc="Make a commented-out line of the option active."),
        "option_prefix_spaces": Option("int", default=0, doc="So many blanks stand before the option."),
        "create": Option("bool", default=True, doc="Make the file (and its folder) if there is none."),
        "backup": Option("bool", default=False, doc="Keep the old file beside it, with the time in its name."),
        "follow": Option("bool", default=False, doc="Change what a link points to, not the link."),
        **FILE_OPTIONS,
    },
    example="""\
- name: Workers
  community.general.ini_file:
    path: /etc/app.ini
    section: server
    option: workers
    value: "4"
""",
    returns={
        "path": "The file.",
        "backup_file": "Where the old file is kept.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: what the file holds."""
    del desk
    args = call.args
    present = args["state"] == "present"
    if present and not args["allow_no_value"] and args["value"] is None and not args["values"]:
        return failed("Parameter 'value(s)' must be defined if state=present and allow_no_value=False.")
    create = args["create"] and present
    return editing.read(
        call, editing.from_args(args, create=create, follow=args["follow"], describe=True, attributes_msg="")
    )


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to change, as an outcome or as the second trip; of that, what came of it."""
    del desk
    return editing.outcome(call, fragment, reply, lambda before: _change(call.args, before, value(reply, "path")))


def _change(args: Mapping[str, Any], before: bytes | None, path: str) -> editing.Edit | Outcome:
    if before is None and not args["create"]:
        return failed(f"Destination {args['path']} does not exist!", rc=257)
    # A byte order mark goes, as in Ansible.
    text = (before or b"").removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    made = ini.edited(text, _wish(args))
    content = editing.encoded(made.text) if made.changed else before
    return editing.Edit(content, made.msg, {"path": path})


def _wish(args: Mapping[str, Any]) -> ini.Wish:
    return ini.Wish(
        section=args["section"] or "",
        option=args["option"],
        values=_values(args),
        present=args["state"] == "present",
        exclusive=args["exclusive"],
        allow_no_value=args["allow_no_value"],
        no_extra_spaces=args["no_extra_spaces"],
        ignore_spaces=args["ignore_spaces"],
        inactive=args["modify_inactive_option"],
        indent=max(args["option_prefix_spaces"], 0),
        has=tuple(_condition(given) for given in args["section_has_values"] or ()),
    )


def _values(args: Mapping[str, Any]) -> tuple[str, ...]:
    """`value` or `values`, each once."""
    given = args["values"] or () if args["value"] is None else (args["value"],)
    return tuple(dict.fromkeys(value for value in given if value is not None))


_CONDITION = {"option": Option(required=True), "value": Option(), "values": Option("list", elements="str")}


def _condition(given: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """One of `section_has_values`. Raises StepError for a wrong one."""
    unknown = given.keys() - _CONDITION.keys()
    if unknown or given.get("option") is None:
        raise StepError(
            "section_has_values: each needs option, and may have value or values"
            + (f"; not {', '.join(sorted(map(str, unknown)))}" if unknown else "")
        )
    try:
        read = {name: coerce(option, given.get(name)) for name, option in _CONDITION.items()}
    except ArgumentError as error:
        raise StepError(f"section_has_values: {error}") from None
    return read["option"], _values(read)
