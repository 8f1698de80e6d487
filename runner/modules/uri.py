"""uri: a request to a web service, made by the host (ansible.builtin.uri)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, Upload, failed, ok
from runner.model.ports import Desk
from runner.model.values import Unknown
from runner.sh import modes, place, replacing, web, web_answer, web_body
from runner.sh.attributes import FILE_OPTIONS, Seen, owner_words
from runner.sh.encode import printf_word
from runner.sh.extras import extras
from runner.sh.filled import filled
from runner.sh.quote import path, quote
from runner.sh.verdict import failure, value

SPEC = Spec(
    doc="Make a request to a web service, from the host, with its curl or wget.",
    effect=Effect.UNSAFE,
    observes=True,
    options={
        "url": Option(required=True, doc="The address."),
        "method": Option(default="GET", doc="The method, in capital letters."),
        "body": Option("raw", doc="What is sent."),
        "body_format": Option(
            default="raw", choices=("form-urlencoded", "json", "raw", "form-multipart"), doc="How it is written."
        ),
        "src": Option("path", doc="A file that is sent (of the controller; of the host with remote_src)."),
        "remote_src": Option("bool", default=False, doc="`src` is on the host."),
        "dest": Option("path", doc="The file or folder that the answer is written to."),
        "headers": Option("dict", default={}, doc="Further headers of the request."),
        "status_code": Option("list", elements="int", default=[200], doc="Any other status is a failure."),
        "return_content": Option("bool", default=False, doc="Report the body as `content`."),
        "follow_redirects": Option(
            default="safe", choices=("all", "no", "none", "safe", "urllib2", "yes"), doc="When to go where it is sent."
        ),
        "creates": Option("path", doc="When this exists, nothing is asked."),
        "removes": Option("path", doc="When this does not exist, nothing is asked."),
        "timeout": Option("int", default=30, doc="Seconds in which nothing may happen."),
        "url_username": Option(aliases=("user",), doc="The user."),
        "url_password": Option(aliases=("password",), secret=True, doc="The user's password."),
        "unix_socket": Option("path", doc="Ask through this socket of the host."),
        "ca_path": Option("path", doc="The certificates to trust (a file on the host)."),
        **web.WEB_OPTIONS,
        **FILE_OPTIONS,
    },
    mutually_exclusive=(("body", "src"),),
    example="""\
- name: It is up
  ansible.builtin.uri:
    url: http://127.0.0.1:8080/health
    return_content: true
  register: health
  until: health.json.ready
""",
    returns={
        "status": "The status of the response.",
        "json": "The body as a value, if it is JSON.",
        "content": "The body as text, with return_content or a failure.",
        "url": "Where it came from.",
        "redirected": "Whether that is elsewhere.",
        "cookies": "Cookies by their names.",
        "elapsed": "How many seconds it took.",
        "path": "Where the body was written.",
    },
)

_JSON: Final = re.compile(r"(?:[^/;]+/)?(?:[^;+]*\+)?(?:json|javascript)\s*", re.IGNORECASE)
_NOT_RUN: Final = "the request is not made in check mode"

_BODY: Final = r"""
web_0 >"$web_log_0.body"; web_rc=$?; web_tell 0
status=$(web_status)
if [ DECODE ]; then case $(web_header content-encoding) in gzip | x-gzip)
  gzip -dc <"$web_log_0.body" >"$web_log_0.plain" && mv -f "$web_log_0.plain" "$web_log_0.body" ;;
esac; fi
wanted=
case " STATUS " in *" ${status:--1} "*) wanted=1 ;; esac
kind=$(web_header content-type)
if [ -z "$wanted" ] || [ RETURN ]; then kind=json; fi
case $kind in *[jJ][sS][oO][nN]* | *[jJ]ava[sS]cript*) pb_blob body "$web_log_0.body" ;; esac
"""

_DEST: Final = r"""
dest=@DEST@
if [ -d "$dest" ]; then pb_kv folder 1; dest=${dest%/}/@NAME@; fi
pb_kv path "$dest"
if [ -n "$wanted" ] && [ "$status" != 304 ]; then
  pb_sum "$web_log_0.body"; new=$pb_sum; old=
  pb_statl "$dest"; pb_was=$pb_type pb_had="$pb_mode $pb_uid $pb_gid"
  case $pb_type in
  file) pb_sum "$dest"; old=$pb_sum ;;
  absent) ;;
  *) pb_fail "$dest is no regular file ($pb_type), it is left alone" ;;
  esac
  if [ "$new" != "$old" ] || [ -z "$new" ]; then
@REPLACE@
  fi
  pb_stat "$dest"
@MODE@
  pb_attr_apply "$dest" @OWNERS@
  pb_stat "$dest"; pb_report now
fi
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The request; in a dry run none is made."""
    args = call.args
    if not re.fullmatch("[A-Z]+", args["method"].upper()):
        return failed("Parameter 'method' needs to be a single word in uppercase, like GET or POST.")
    if call.check:
        unknown = {name: Unknown(_NOT_RUN) for name in ("status", "json", "content", "url", "location")}
        return Outcome(Status.SKIPPED, unknown, msg="This action (uri) does not support check mode.")
    data, kind = web_body.made(args["body"], args["body_format"], lambda name: _file(args, name, desk))
    headers = dict(args["headers"])
    if kind and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = kind
    word, before, uploads = _sent(args, data, desk)
    method = args["method"].upper()
    wish = web.request(
        {**args, "headers": headers}, args["url"], method=method, body=word, redirects=_follows(args, method)
    )
    text = [extras(args), *_guards(args), web.LOOK, web.text(wish), before, _since(args), _ask(args)]
    if args["dest"]:
        text.append(_written(args))
    return Fragment(
        probe="pb_differs",
        apply="\n".join(text),
        uploads=uploads,
        effect=Effect.UNSAFE,
        predictable=False,
        last=False,
        makes=(args["dest"],) if args["dest"] else (),
    )


def _file(args: Mapping[str, Any], name: str, desk: Desk) -> bytes:
    if args["remote_src"]:
        raise StepError("form-multipart with files of the host (remote_src) is not supported; give their content")
    return desk.read(desk.find("files", name))


def _follows(args: Mapping[str, Any], method: str) -> bool:
    wish = args["follow_redirects"]
    if wish in ("all", "yes"):
        return True
    return (wish == "safe" and method in ("GET", "HEAD")) or (wish == "urllib2" and method in ("GET", "HEAD", "POST"))


def _guards(args: Mapping[str, Any]) -> list[str]:
    lines = []
    if args["creates"]:
        lines.append(f"if [ -e {path(args['creates'])} ]; then pb_kv guard creates; exit 0; fi")
    if args["removes"]:
        lines.append(f"if [ ! -e {path(args['removes'])} ]; then pb_kv guard removes; exit 0; fi")
    return lines


def _sent(args: Mapping[str, Any], data: bytes | None, desk: Desk) -> tuple[str | None, str, tuple[Upload, ...]]:
    """The shell word of the file with the body, the text that makes it, and what has to be uploaded for it."""
    if args["src"] and args["remote_src"]:
        missing = '[ -r "$web_body" ] || pb_fail "Unable to open source file $web_body"'
        return '"$web_body"', f"web_body={path(args['src'])}\n{missing}", ()
    if args["src"]:
        data = desk.read(desk.find("files", args["src"]))
    if data is None:
        return None, "", ()
    if len(data) > place.INLINE_LIMIT:
        return '"$pb_up_body"', "", (place.content_upload("body", data),)
    return '"$web_body"', f'web_body=$web_log_0.sent; printf {printf_word(data)} >"$web_body"', ()


def _since(args: Mapping[str, Any]) -> str:
    """A file that is there is asked for anew only if it has changed since."""
    if not args["dest"] or args["force"]:
        return ""
    return f'dest={path(args["dest"])}\nif [ -f "$dest" ]; then pb_statl "$dest"; pb_since=$pb_mtime\n{web.SINCE}\nfi'


def _ask(args: Mapping[str, Any]) -> str:
    known = " ".join(str(code) for code in args["status_code"])
    text = _BODY.replace("STATUS", known).replace("DECODE", "1" if args["decompress"] else "''")
    return text.replace("RETURN", "1" if args["return_content"] else "''")


def _written(args: Mapping[str, Any]) -> str:
    owners, mode = owner_words(args), modes.text(args["mode"])
    replace = "\n".join(
        (
            replacing.temporary('"$dest"', unsafe=args["unsafe_writes"]),
            'cat -- "$web_log_0.body" >&8 || pb_fail "cannot write $dest"',
            replacing.as_it_was('"$dest"', mode, owners, unsafe=args["unsafe_writes"]),
        )
    )
    name = args["url"].partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
    parts = {"DEST": path(args["dest"]), "NAME": quote(name or "index.html"), "OWNERS": owners}
    parts |= {"REPLACE": replace, "MODE": mode}
    return filled(_DEST, parts)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """The response under Ansible's keys; another status than those asked for is a failure."""
    del fragment, desk
    args = call.args
    problem = failure(reply)
    if problem:
        return problem
    if "guard" in reply.values:
        guard = value(reply, "guard")
        state = "exists" if guard == "creates" else "does not exist"
        return ok(stdout=f"skipped, since '{args[guard]}' {state}")
    answer = web_answer.read(reply, args["url"])
    found = {**web_answer.keys(answer), "elapsed": web_answer.elapsed(reply)}
    content = _content(reply, answer.headers.get("content-type", ""), found)
    now = Seen.read(reply, "now")
    if "path" in reply.values and answer.status != -1:
        found["path"] = value(reply, "path")
    if now is not None:
        found |= now.result()
    if args["return_content"]:
        found["content"] = content
    msg = found.pop("msg")
    if answer.status not in args["status_code"]:
        return failed(f"Status code was {answer.status} and not {args['status_code']}: {msg}", **found)
    return ok(changed=now is not None, msg=msg, **found)


def _content(reply: Reply, kind: str, found: dict[str, Any]) -> str | None:
    """The body as text; as `json` among the keys if it is JSON."""
    if "body" not in reply.values:
        return None
    charset = re.search(r"charset=\"?([\w.:-]+)", kind)
    try:
        text = reply.values["body"].decode(charset[1] if charset else "utf-8", "surrogateescape")
    except (LookupError, UnicodeDecodeError):
        text = reply.values["body"].decode("utf-8", "surrogateescape")
    if _JSON.fullmatch(kind.partition(";")[0].strip()):
        try:
            found["json"] = json.loads(text)
        except ValueError:
            return text
    return text
