"""sysctl: a setting of the kernel, in sysctl.conf and in force (ansible.posix.sysctl)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import FALSE_WORDS, TRUE_WORDS, Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk
from runner.sh import editing
from runner.sh.attributes import FILE_OPTIONS
from runner.sh.lines import split_text
from runner.sh.quote import path as path_word
from runner.sh.quote import quote
from runner.sh.verdict import text, value

COLLECTION = "ansible.posix"

SPEC = Spec(
    doc="Keep a setting of the kernel in sysctl.conf, and in force.",
    required_if=(("state", "present", ("value",)),),
    options={
        "name": Option(required=True, aliases=("key",), doc="The setting: `net.ipv4.ip_forward`."),
        "value": Option(aliases=("val",), doc="Its value."),
        "state": Option(default="present", choices=("present", "absent"), doc="Whether it shall be in the file."),
        "reload": Option("bool", default=True, doc="Read the file (`sysctl -p`) if anything differs."),
        "sysctl_set": Option("bool", default=False, doc="Set the value itself if another one is in force."),
        "ignoreerrors": Option("bool", default=False, doc="Settings that the kernel does not know are no error."),
        "system_wide": Option(
            "bool", default=False, doc="Read all files for settings, as at boot, not this one alone."
        ),
        "sysctl_file": Option("path", default="/etc/sysctl.conf", doc="The file."),
        **FILE_OPTIONS,
    },
    example="""\
- name: Packets are forwarded
  ansible.posix.sysctl:
    name: net.ipv4.ip_forward
    value: "1"
    sysctl_file: /etc/sysctl.d/30-router.conf
    sysctl_set: true
""",
)

# In the order of sysctl(8), `--system`, which busybox does not have.
_ALL: Final = (
    " ".join(f"{folder}/sysctl.d/*.conf" for folder in ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"))
    + " /etc/sysctl.conf"
)
# sysctl(8) may fail and say 0 (https://bugzilla.redhat.com/show_bug.cgi?id=1264080).
_RUN: Final = r"""
said=$(sysctl {words} 2>&1) || bad=1
case $pb_nl$said in
*{nl}"sysctl: setting key "*": Invalid argument"* | *{nl}"sysctl: setting key "*": Read-only file system"*) bad=1 ;;
esac
[ -z "$bad" ] || pb_fail {message}": $said"
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: what the file holds, and what is in force."""
    del desk
    args = call.args
    for name in ("name", "value"):
        if args[name] == "" and (name == "name" or args["state"] == "present"):
            return failed(f"{name} cannot be blank")
    wish = editing.from_args(
        args, path=args["sysctl_file"], create=args["state"] == "present", folders=False, attributes_msg=""
    )
    asks = (
        'pb_have sysctl || PATH=$PATH:/usr/sbin:/sbin\npb_have sysctl || pb_fail "there is no sysctl on the host: '
        f'install procps"\npb_kv force "$(sysctl -e -n -- {quote(args["name"].strip())} 2>/dev/null)"'
    )
    return editing.read(call, wish, asks)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to change, as an outcome or as the second trip; of that, what came of it."""
    del desk
    return editing.outcome(call, fragment, reply, lambda before: _change(call.args, reply, before))


def _change(args: Mapping[str, Any], reply: Reply, before: bytes | None) -> editing.Edit:
    name, wanted, present = args["name"].strip(), _word(args["value"] or ""), args["state"] == "present"
    old = text(before or b"")
    held = _settings(old).get(name)
    rewrite = held != wanted if present else held is not None
    content = editing.encoded(_rewritten(old, name, wanted if present else None)) if rewrite else before
    other = present and value(reply, "force").split() != wanted.split()
    setting = args["sysctl_set"] and other
    reloading = args["reload"] and (rewrite or other or reply.differs)
    return editing.Edit(
        content, first=_set(args, name, wanted) if setting else "", then=_load(args) if reloading else ""
    )


def _word(given: str) -> str:
    """A value as sysctl wants it: booleans are 1 and 0."""
    if given.lower() in TRUE_WORDS | {"1.0"}:
        return "1"
    return "0" if given.lower() in FALSE_WORDS | {"0.0"} else given.strip()


def _setting(line: str) -> tuple[str, str] | None:
    """The setting of a line; None for a comment and what is none."""
    stripped = line.strip()
    if not stripped or stripped.startswith(("#", ";")) or "=" not in stripped:
        return None
    name, _, held = stripped.partition("=")
    return name.strip(), held.strip()


def _settings(content: str) -> dict[str, str]:
    return dict(found for line in split_text(content) if (found := _setting(line)))


def _rewritten(content: str, name: str, wanted: str | None) -> str:
    """The whole file, each setting once and without blanks around its `=`, as Ansible writes it."""
    lines: list[str] = []
    seen: set[str] = set()
    for line in split_text(content):
        found = _setting(line)
        if found is None:
            lines.append(line.strip())
        elif found[0] not in seen:
            seen.add(found[0])
            held = found[1] if found[0] != name else wanted
            if held is not None:
                lines.append(f"{found[0]}={held}")
    if name not in seen and wanted is not None:
        lines.append(f"{name}={wanted}")
    return "".join(f"{line}\n" for line in lines)


def _set(args: Mapping[str, Any], name: str, wanted: str) -> str:
    words = f"{'-e ' if args['ignoreerrors'] else ''}-w -- {quote(f'{name}={wanted}')}"
    return _run(words, f"setting {name} failed")


def _load(args: Mapping[str, Any]) -> str:
    lenient = "-e " if args["ignoreerrors"] else ""
    if not args["system_wide"]:
        return _run(f"{lenient}-p {path_word(args['sysctl_file'])}", "Failed to reload sysctl")
    each = _run(f'{lenient}-p "$conf"', "Failed to reload sysctl")
    return f'for conf in {_ALL}; do\n[ -f "$conf" ] || continue\n{each}\ndone'


def _run(words: str, message: str) -> str:
    path = "pb_have sysctl || PATH=$PATH:/usr/sbin:/sbin\nbad="
    return path + _RUN.format(words=words, message=quote(message), nl='"$pb_nl"')
