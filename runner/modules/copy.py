"""copy: a file, a folder or text to a place on the host (ansible.builtin.copy)."""

from __future__ import annotations

import posixpath

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply
from runner.model.ports import Desk
from runner.sh import folder, folder_here, place, placed
from runner.sh.attributes import FILE_OPTIONS, FILE_RETURNS, check_mode_text

SPEC = Spec(
    doc="Bring a file, a folder or text to a place on the host.",
    options={
        "src": Option("path", doc="A file or folder of the controller (of the host with remote_src)."),
        "content": Option("str", doc="The file's text, instead of `src`; a mapping or list becomes JSON."),
        "dest": Option("path", required=True, doc="Where it goes; a folder when it ends with `/`."),
        "remote_src": Option("bool", default=False, doc="`src` is on the host."),
        "backup": Option("bool", default=False, doc="Keep the old file beside the new one."),
        "force": Option("bool", default=True, doc="Replace a file that differs; otherwise only make a missing one."),
        "validate": Option("str", doc="A command that must accept the new file (`%s`) before it is put in place."),
        "directory_mode": Option("mode", doc="The mode of folders that are made on the way."),
        "local_follow": Option("bool", default=True, doc="Copy what links in a folder point to."),
        "follow": Option("bool", default=False, doc="If `dest` is a link, write the file it points to."),
        "checksum": Option("str", doc="The SHA-1 the source must have."),
        "decrypt": Option("bool", default=True, doc="Decrypt a vault file first."),
        **FILE_OPTIONS,
    },
    mutually_exclusive=(("src", "content"),),
    required_one_of=(("src", "content"),),
    example="""\
- name: A file of the role
  ansible.builtin.copy:
    src: app.conf
    dest: /etc/app/app.conf
    mode: "0644"
    validate: /opt/app/bin/check %s
- name: A text
  ansible.builtin.copy:
    content: "{{ settings | to_nice_json }}"
    dest: /etc/app/settings.json
""",
    returns={
        "dest": "Where it is.",
        "src": "What was copied.",
        "checksum": "Its SHA-1.",
        "backup_file": "Where the old file is kept.",
        **FILE_RETURNS,
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Looks first; what differs is put in place, from the text itself if it is small."""
    check_mode_text(call.args["mode"])
    check_mode_text(call.args["directory_mode"])
    if call.args["remote_src"] and call.args["content"] is None:
        return folder_here.fragment(call) if call.args["src"].endswith("/") else place.fragment(call, _remote(call))
    if call.args["content"] is None:
        source = desk.find("files", call.args["src"])
        if desk.entry(source.rstrip("/") or "/").kind == "dir":
            root = source.rstrip("/") + ("/" if call.args["src"].endswith("/") else "")
            return folder.fragment(call, root, folder.entries(desk, root, call.args))
    return place.fragment(call, _placing(call, desk))


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when content, mode or owner differed."""
    if "folder" in fragment.memo:
        return folder.outcome(call, fragment, reply, desk)
    if "folder_here" in fragment.memo:
        return folder_here.outcome(call, reply)
    if "source_is_folder" in reply.values:
        return folder_here.fragment(call)
    return placed.outcome(call, fragment, reply, desk)


def _remote(call: Call) -> place.Placing:
    name = posixpath.basename(call.args["src"])
    return place.from_args(call.args, name=name, remote=call.args["src"], mode=call.args["mode"])


def _placing(call: Call, desk: Desk) -> place.Placing:
    """The file that goes to the host: text as it is, small files as content, larger ones by their path here."""
    args = call.args
    if args["content"] is not None:
        if args["dest"].endswith("/"):
            raise StepError("can not use content with a dir as dest")
        data = args["content"].encode("utf-8", "surrogateescape")
        mode = None if args["mode"] == "preserve" else args["mode"]
        return _checked(
            call, place.from_args(args, name=None, sha1=place.sha1(data), size=len(data), content=data, mode=mode)
        )
    source = desk.find("files", args["src"])
    entry = desk.entry(source)
    opened = desk.opened(source) if args["decrypt"] else None
    small = entry.size <= place.INLINE_LIMIT
    content = opened if opened is not None or not small else desk.read(source, decrypt=False)
    placing = place.from_args(
        args,
        name=posixpath.basename(source),
        sha1=desk.sha1(source) if opened is None else place.sha1(opened),
        size=len(content) if content is not None else entry.size,
        content=content,
        source=source if content is None else None,
        sealed=opened is not None,
        mode=f"{entry.mode:04o}" if args["mode"] == "preserve" else args["mode"],
        directory_mode=args["directory_mode"],
    )
    return _checked(call, placing)


def _checked(call: Call, placing: place.Placing) -> place.Placing:
    if call.args["checksum"] and call.args["checksum"] != placing.sha1:
        raise StepError(
            f"Copied file does not match the expected checksum: it is {placing.sha1}, not {call.args['checksum']}"
        )
    return placing
