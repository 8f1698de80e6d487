"""template: a rendered file to a place on the host (ansible.builtin.template)."""

from __future__ import annotations

import posixpath
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply
from runner.model.ports import Desk
from runner.sh import place, placed
from runner.sh.attributes import FILE_OPTIONS, FILE_RETURNS, check_mode_text

_MARKS: Final = (
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
)
_NEWLINES: Final = {"\\n": "\n", "\\r": "\r", "\\r\\n": "\r\n"}

SPEC = Spec(
    doc="Render a template and bring it to a place on the host.",
    options={
        "src": Option("path", required=True, doc="The template on the controller."),
        "dest": Option("path", required=True, doc="Where it goes."),
        "backup": Option("bool", default=False, doc="Keep the old file beside the new one."),
        "force": Option("bool", default=True, doc="Replace a file that differs; otherwise only make a missing one."),
        "validate": Option("str", doc="A command that must accept the new file (`%s`) before it is put in place."),
        "follow": Option("bool", default=False, doc="If `dest` is a link, write the file it points to."),
        "newline_sequence": Option("str", default="\n", choices=("\n", "\r", "\r\n", *_NEWLINES), doc="Newlines."),
        "trim_blocks": Option("bool", default=True, doc="Drop the newline after a block."),
        "lstrip_blocks": Option("bool", default=False, doc="Drop blanks before a block."),
        "output_encoding": Option("str", default="utf-8", doc="The encoding of the file on the host."),
        **{name: Option("str", doc="As Jinja names it.") for name in _MARKS},
        **FILE_OPTIONS,
    },
    example="""\
- name: The server's configuration
  ansible.builtin.template:
    src: nginx.conf.j2
    dest: /etc/nginx/nginx.conf
    validate: nginx -t -c %s
  notify: reload nginx
""",
    returns={
        "dest": "Where it is.",
        "src": "The text that was brought.",
        "checksum": "Its SHA-1.",
        "backup_file": "Where the old file is kept.",
        **FILE_RETURNS,
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Renders here, then goes the way of copy."""
    check_mode_text(call.args["mode"])
    return place.fragment(call, _placing(call, desk))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when content, mode or owner differed."""
    return placed.outcome(call, fragment, reply, desk)


def _placing(call: Call, desk: Desk) -> place.Placing:
    args = call.args
    source = desk.find("templates", args["src"])
    data = _render(args, desk, source)
    mode = f"{desk.entry(source).mode:04o}" if args["mode"] == "preserve" else args["mode"]
    return place.from_args(
        args,
        name=posixpath.basename(source),
        sha1=place.sha1(data),
        size=len(data),
        content=data,
        mode=mode,
        sealed=desk.opened(source) is not None,
    )


def _render(args: Any, desk: Desk, source: str) -> bytes:
    options: dict[str, Any] = {name: args[name] for name in _MARKS if args[name] is not None}
    options["trim_blocks"], options["lstrip_blocks"] = args["trim_blocks"], args["lstrip_blocks"]
    newline = _NEWLINES.get(args["newline_sequence"], args["newline_sequence"])
    options["newline_sequence"] = newline
    options["extra_vars"] = {
        "template_path": args["src"],
        "template_fullpath": source,
        "template_destpath": args["dest"],
    }
    text = desk.render_file(source, options)
    encoding = args["output_encoding"] or "utf-8"
    errors = "surrogateescape" if encoding.lower() in ("utf-8", "utf8") else "strict"
    try:
        return text.encode(encoding, errors)
    except (LookupError, UnicodeError) as error:
        raise StepError(f"the template cannot be written as {encoding}: {error}") from None
