"""unarchive: an archive of the controller, the host or the web unpacked on the host (ansible.builtin.unarchive)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, Status, Upload, failed
from runner.model.ports import Desk
from runner.sh import place, unpacking, web, web_answer
from runner.sh.attributes import FILE_OPTIONS, Seen, check_mode_text
from runner.sh.encode import printf_word
from runner.sh.extras import refuse_for_trees
from runner.sh.quote import path, quote
from runner.sh.verdict import failure, text, value

SPEC = Spec(
    doc="Unpack an archive (tar, also with gzip, bzip2, xz or zstd, and zip) into a folder of the host.",
    brings=True,
    options={
        "src": Option("path", required=True, doc="The archive; on the host, or an address, with remote_src."),
        "dest": Option("path", required=True, doc="The folder, which exists."),
        "remote_src": Option("bool", default=False, doc="`src` is on the host."),
        "copy": Option("bool", default=True, doc="The opposite of remote_src."),
        "creates": Option("path", doc="When this exists, nothing is done."),
        "list_files": Option("bool", default=False, doc="Report the names in the archive."),
        "keep_newer": Option("bool", default=False, doc="Leave files that are newer than the archive's."),
        "exclude": Option("list", elements="str", default=[], doc="Names (with wildcards) to leave out."),
        "include": Option("list", elements="str", default=[], doc="Only these names."),
        "extra_opts": Option("list", elements="str", default=[], doc="Further options of tar or unzip."),
        "validate_certs": Option("bool", default=True, doc="Check the server's certificate."),
        "decrypt": Option("bool", default=True, doc="Decrypt a vault file first."),
        "io_buffer_size": Option("int", default=65536, doc="Without effect: the host's tools read as they do."),
        **FILE_OPTIONS,
    },
    mutually_exclusive=(("include", "exclude"),),
    example="""\
- name: A release
  ansible.builtin.unarchive:
    src: app-1.2.tar.gz
    dest: /opt/app
    owner: app
    extra_opts: [--strip-components=1]
""",
    returns={
        "dest": "The folder.",
        "src": "The archive.",
        "handler": "What kind it is, in Ansible's words.",
        "files": "The names in it, with list_files.",
        "extract_results": "What the tool said.",
    },
)

_READABLE: Final = r"""
ar_list >"$ar.list" 2>"$ar.err"
[ -s "$ar.list" ] || pb_fail "Failed to find handler for \"$src\", it is no archive: $(tail -n 1 "$ar.err")"
"""
_APPLY: Final = r"""
if [ -z "$there" ]; then
  ar_unpack "$dest" >"$ar.out" 2>"$ar.err"
  rc=$?
  pb_kv rc "$rc"
  pb_blob out "$ar.out"
  pb_blob err "$ar.err"
  [ "$rc" = 0 ] || pb_fail "failed to unpack $src to $dest" "$rc"
fi
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """One trip: whether all of it is there already, and if not, unpacking."""
    args = call.args
    check_mode_text(args["mode"])
    refuse_for_trees(args)
    if "copy" in call.given and "remote_src" in call.given:
        raise StepError("parameters are mutually exclusive: ('copy', 'remote_src')")
    remote = args["remote_src"] or not args["copy"]
    unseen = call.check and remote and place.holds(call.will_exist, args["src"])
    source, uploads = _remote(args, unseen=unseen) if remote else _local(args, desk)
    soon = call.check and place.holds(call.will_exist, args["dest"])
    absent = "soon=1" if soon else "pb_fail \"dest '$dest' must be an existing dir\""
    creates = f"if [ -e {path(args['creates'])} ]; then pb_kv guard 1; exit 0; fi" if args["creates"] else ""
    attributes = any(args[name] for name in ("mode", "owner", "group"))
    probe = [
        f'dest={path(args["dest"].rstrip("/") or "/")}\npb_kv dest "$dest"; soon=',
        f'{creates}\n[ -d "$dest" ] || {absent}',
        source,
        unpacking.KIND,
        unpacking.text(args),
        _READABLE,
        'pb_blob list "$ar.list"' if args["list_files"] else "",
        'if [ -n "$soon" ]; then pb_differs; exit 0; fi',
        "there=; if ar_same; then there=1; else pb_differs; fi",
        'if [ -n "$there" ]; then ar_each pb_attr_probe; fi' if attributes else "",
        'pb_stat "$dest"; pb_report now',
    ]
    apply = _APPLY + ("ar_each pb_attr_apply\n" if attributes else "") + 'pb_stat "$dest"; pb_report now'
    return Fragment("\n".join(probe), apply, uploads=uploads, makes=(args["creates"],) if args["creates"] else ())


def _local(args: Mapping[str, Any], desk: Desk) -> tuple[str, tuple[Upload, ...]]:
    """The archive of the controller: small ones travel in the text itself."""
    if "://" in args["src"]:
        masked = web_answer.masked(args["src"])
        raise StepError(f"Unsupported option, an URI src ({masked}) is only supported when remote_src is True")
    source = desk.find("files", args["src"])
    entry = desk.entry(source)
    if entry.kind == "dir":
        raise StepError(f"{args['src']} is a folder, not an archive")
    opened = desk.opened(source) if args["decrypt"] else None
    if opened is None and entry.size > place.INLINE_LIMIT:
        return "src=$pb_up_src", (Upload("src", entry.size, desk.sha1(source), source=source),)
    data = desk.read(source, decrypt=False) if opened is None else opened
    if len(data) > place.INLINE_LIMIT:
        return "src=$pb_up_src", (place.content_upload("src", data),)
    return f'src="$pb_dir/s.src.$pb_index"; printf {printf_word(data)} >"$src"', ()


def _remote(args: Mapping[str, Any], *, unseen: bool) -> tuple[str, tuple[Upload, ...]]:
    src = args["src"]
    if "://" not in src:
        missing = "{ pb_kv unseen 1; exit 0; }" if unseen else "pb_fail \"Source '$src' does not exist\""
        return f'src={path(src)}\npb_kv src "$src"\n[ -e "$src" ] || {missing}', ()
    given = {name: option.default for name, option in web.WEB_OPTIONS.items()}
    given |= {"headers": {}, "timeout": 30, "url_username": None, "url_password": None}
    asked = web.text(web.request({**given, "validate_certs": args["validate_certs"]}, src))
    said = quote(f"Failure downloading {web_answer.masked(src)}")
    fetch = f'web_0 >"$src"; web_rc=$?\ncase $web_rc,$(web_status) in 0, | 0,200) ;; *) pb_fail {said} ;; esac'
    return f'{web.LOOK}{asked}src="$pb_dir/s.src.$pb_index"\n{fetch}', ()


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when something had to be unpacked, or mode or owner differed."""
    del fragment, desk
    values: dict[str, Any] = {
        "dest": value(reply, "dest", call.args["dest"]),
        "src": value(reply, "src", call.args["src"]),
    }
    if "kind" in reply.values:
        values["handler"] = unpacking.HANDLERS[value(reply, "kind")]
    if "rc" in reply.values:
        values["extract_results"] = {
            "rc": int(value(reply, "rc")),
            "out": text(reply.values.get("out", b"")),
            "err": text(reply.values.get("err", b"")),
        }
    problem = failure(reply)
    if problem:
        values = {name: said for name, said in values.items() if name in ("handler", "extract_results")}
        err = value(reply, "err").strip().splitlines()
        return failed(problem.msg + (f": {err[-1]}" if err else ""), **values)
    if "unseen" in reply.values:
        reason = f"{call.args['src']} would have been made before"
        return Outcome(Status.SKIPPED, msg=f"may change: {reason}", unknown=reason)
    if "guard" in reply.values:
        return Outcome(Status.SKIPPED, msg=f"skipped, since {call.args['creates']} exists")
    if "list" in reply.values:
        values["files"] = value(reply, "list").splitlines()
    now = Seen.read(reply, "now")
    if now is not None:
        values |= now.result()
    return Outcome(Status.CHANGED if reply.differs else Status.OK, values)
