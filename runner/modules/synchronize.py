"""synchronize: rsync between the controller and the host, over the same connection (ansible.posix.synchronize)."""

from __future__ import annotations

import posixpath
import re
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Ends, Fragment, Outcome, Reply, Status, Target, failed
from runner.model.ports import Desk
from runner.sh.quote import path, quote
from runner.sh.verdict import text, value

COLLECTION = "ansible.posix"

SPEC = Spec(
    doc="Bring a folder to the host, or from it, with rsync, which runs on the controller (or on a delegate).",
    brings=True,
    between=True,
    options={
        "src": Option("path", required=True, doc="What is brought."),
        "dest": Option("path", required=True, doc="Where to."),
        "mode": Option(default="push", choices=("push", "pull"), doc="To the host, or from it."),
        "archive": Option("bool", default=True, doc="Everything below, with links, modes, times and owners."),
        "checksum": Option("bool", default=False, doc="Compare contents, not times and sizes."),
        "compress": Option("bool", default=True, doc="Compress on the way."),
        "copy_links": Option("bool", default=False, doc="Copy what links point to."),
        "delay_updates": Option("bool", default=True, doc="Put files in place at the end."),
        "delete": Option("bool", default=False, doc="Remove what is only at `dest`."),
        "dest_port": Option("int", doc="The port of the host's sshd."),
        "dirs": Option("bool", default=False, doc="Folders without what is in them."),
        "existing_only": Option("bool", default=False, doc="Make no new files."),
        "group": Option("bool", doc="Keep groups."),
        "link_dest": Option("list", elements="str", doc="Hard links to files that are the same there."),
        "links": Option("bool", doc="Copy links as links."),
        "owner": Option("bool", doc="Keep owners (as root)."),
        "partial": Option("bool", default=False, doc="Keep what came of a file when it breaks off."),
        "perms": Option("bool", doc="Keep modes."),
        "private_key": Option("path", doc="The key to log in with."),
        "quiet": Option("bool", default=False, doc="Tell less."),
        "recursive": Option("bool", doc="What is in folders, too."),
        "rsync_opts": Option("list", elements="str", doc="Further options of rsync."),
        "rsync_path": Option(doc="The rsync of the host."),
        "rsync_timeout": Option("int", default=0, doc="Seconds in which nothing may happen."),
        "set_remote_user": Option("bool", default=True, doc="Log in as the connection's user."),
        "ssh_connection_multiplexing": Option("bool", default=False, doc="Share connections as ssh's settings say."),
        "times": Option("bool", doc="Keep times."),
        "use_ssh_args": Option("bool", default=False, doc="Without effect: the connection's arguments always hold."),
        "verify_host": Option("bool", default=False, doc="Check the host's key even where checking is off."),
    },
    example="""\
- name: The site
  ansible.posix.synchronize:
    src: public/
    dest: /srv/www
    delete: true
    rsync_opts: [--exclude=.git]
""",
    returns={
        "cmd": "What was run.",
        "msg": "What changed, as rsync itemizes it.",
        "rc": "rsync's exit code.",
        "stdout_lines": "`msg` by lines.",
    },
)

_MARK: Final = "<<CHANGED>>"
_KEPT: Final = ("recursive", "links", "perms", "times", "owner", "group")
_HINTS: Final = (
    ("command not found", "there is no rsync on the host; install it"),
    ("rsync: not found", "there is no rsync on the host; install it"),
    ("permission denied (", "ssh could not log in with a key or an agent, which synchronize needs"),
    ("host key verification failed", "the host's key is not known to ssh"),
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """rsync as it is; in a dry run with `--dry-run`, so that it tells what it would do."""
    args, ends = call.args, call.ends or Ends(None, None, on_controller=True)
    near, far = ("src", "dest") if args["mode"] == "push" else ("dest", "src")
    words = [*_options(call), *_connection(args, ends)]
    words += [quote(option) for option in args["rsync_opts"] or []]
    words += ["--partial"] if args["partial"] else []
    words += [f"--link-dest={quote(folder)}" for folder in args["link_dest"] or []]
    words.append(quote(f"--out-format={_MARK}%i %n%L"))
    places = {near: _near(args[near], desk, ends, find=near == "src"), far: _far(args[far], ends)}
    run = f"rsync {' '.join(words)} {places['src']} {places['dest']}"
    needs = ["rsync", *(["ssh"] if ends.host else [])]
    where = "here" if ends.on_controller else "where it is to run"
    have = "\n".join(f"pb_have {tool} || pb_fail 'there is no {tool} {where}; install it'" for tool in needs)
    memo = {"cmd": run}
    if call.check:
        return Fragment(f"{have}\n{run}\npb_kv rc $?", effect=Effect.READ, memo=memo, last=False)
    return Fragment(f"{have}\npb_differs", f"{run}\npb_kv rc $?", memo=memo, last=False)


def _options(call: Call) -> list[str]:
    """The options that say what is brought, in Ansible's order."""
    args = call.args
    flags = {
        "--delay-updates": args["delay_updates"],
        "-F": True,
        "--compress": args["compress"],
        "--dry-run": call.check,
        "--delete-after": args["delete"],
        "--existing": args["existing_only"],
        "--checksum": args["checksum"],
        "--copy-links": args["copy_links"],
        "--archive": args["archive"],
        "--quiet": args["quiet"],
    }
    words = [word for word, wanted in flags.items() if wanted]
    for name in _KEPT:
        if args["archive"] and args[name] is False:
            words.append(f"--no-{name}")
        elif not args["archive"] and args[name]:
            words.append(f"--{name}")
    if args["dirs"]:
        words.append("--dirs")
    if args["rsync_timeout"]:
        words.append(f"--timeout={args['rsync_timeout']}")
    return words


def _connection(args: Any, ends: Ends) -> list[str]:
    """How rsync reaches the host, and whom it is there. Raises StepError for what it cannot do."""
    words: list[str] = []
    if ends.host is not None:
        words.append(f"--rsh={quote(' '.join(_word(word) for word in _ssh(args, ends.host)))}")
        words.append("--protect-args")
    program = args["rsync_path"]
    if program is None and ends.become is not None and ends.host is not None:
        if ends.become.method not in ("sudo", "doas"):
            raise StepError(f"synchronize cannot become a user by {ends.become.method}; set rsync_path")
        program = f"{ends.become.exe or ends.become.method} -n -u {ends.become.user} rsync"
    if program is not None:
        words.append(f"--rsync-path={quote(program)}")
    return words


def _ssh(args: Any, host: Target) -> list[str]:
    """The words of ssh for this target: rsync starts it by itself, so there is nobody to give it a password."""
    if host.transport != "ssh":
        raise StepError(f"synchronize needs a connection over ssh, not {host.transport}")
    if host.password is not None and not (args["private_key"] or host.private_key_file):
        raise StepError("synchronize cannot give a password: rsync starts ssh itself; use a key or an agent")
    words = ["ssh", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={max(int(host.connect_timeout_s), 1)}"]
    words += [] if args["ssh_connection_multiplexing"] else ["-S", "none"]
    key = args["private_key"] or host.private_key_file
    words += ["-i", posixpath.expanduser(key)] if key else []
    if not host.host_key_checking and not args["verify_host"]:
        words += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
    words += host.ssh_args
    port = args["dest_port"] or host.port
    words += ["-p", str(port)] if port else []
    words += ["-l", host.user] if host.user and args["set_remote_user"] else []
    return words


def _word(word: str) -> str:
    """A word as rsync splits its `--rsh`: at blanks, with quotes, without backslashes."""
    if re.fullmatch(r"[^\s'\"]+", word):
        return word
    mark = "'" if "'" not in word else '"'
    if mark in word:
        raise StepError(f"rsync cannot hand {word!r} on to ssh")
    return f"{mark}{word}{mark}"


def _near(name: str, desk: Desk, ends: Ends, *, find: bool) -> str:
    """The path where rsync runs; on the controller what the task's files are, or below the playbook's folder."""
    if not ends.on_controller or name.startswith("~"):
        return path(name)
    if find:
        found = desk.find("files", name)
        return path(found.rstrip("/") + "/" if name.endswith("/") else found)
    if name.startswith("/"):
        return path(name)
    return path(posixpath.join(str(desk.variable("playbook_dir")), name))


def _far(name: str, ends: Ends) -> str:
    """The path on the host: rsync is told not to let a shell read it, and begins in the login's home."""
    if ends.host is None:
        return path(name)
    name = "." if name in ("~", "~/") else name.removeprefix("~/")
    if name.startswith((":", "-")):
        name = f"./{name}"
    address = ends.host.address or ends.host.host
    return quote(f"[{address}]:{name}" if ":" in address else f"{address}:{name}")


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when rsync names something that it brought, or would bring."""
    del call, desk
    if "rc" not in reply.values:
        return failed(value(reply, "msg", "Timed out" if reply.timed_out else "rsync did not run"))
    rc, said = int(value(reply, "rc")), text(reply.stdout)
    cmd = fragment.memo["cmd"]
    if rc != 0:
        stderr = text(reply.stderr).strip()
        hint = next((hint for mark, hint in _HINTS if mark in stderr.lower()), "")
        return failed(f"{stderr}{f' ({hint})' if hint else ''}", rc=rc, cmd=cmd)
    clean = said.replace(_MARK, "")
    values = {"cmd": cmd, "rc": rc, "stdout_lines": [line for line in clean.split("\n") if line]}
    return Outcome(Status.CHANGED if _MARK in said else Status.OK, values, msg=clean)
