"""script: run a local script on the host (ansible.builtin.script)."""

from __future__ import annotations

import re
import shlex
from typing import Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Upload, skipped
from runner.model.ports import Desk
from runner.sh.encode import printf_word
from runner.sh.place import INLINE_LIMIT, content_upload
from runner.sh.quote import quote
from runner.sh.user_command import BARE_RETURNS, GUARDS, guarded, result
from runner.sh.verdict import value

SPEC = Spec(
    doc="Send a script of the controller to the host and run it there, with its arguments.",
    free_form="cmd",
    effect=Effect.UNSAFE,
    observes=True,
    options={
        "cmd": Option("str", required=True, doc="The script's path and its arguments.", aliases=("_raw_params",)),
        **GUARDS,
        "executable": Option("path", doc="What runs the script; without it, its `#!` line, or /bin/sh."),
        "decrypt": Option("bool", default=True, doc="Decrypt a vault file first."),
    },
    example="""\
- name: A script of the role with two words
  ansible.builtin.script: prepare.sh --quick /srv
  args:
    creates: /srv/.prepared
""",
    returns=BARE_RETURNS,
)

# The first word of a command line, as a shell reads it, and the rest.
_FIRST: Final = re.compile(r"\s*((?:'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.|[^\s'\"\\])+)\s*(.*)", re.DOTALL)


def _parts(cmd: str) -> tuple[str, str]:
    """The script's path and the text of its arguments. Raises StepError when there is no path."""
    found = _FIRST.fullmatch(cmd)
    words = shlex.split(found[1]) if found else []
    if not found or not words:
        raise StepError("no script given")
    return words[0], found[2]


def _interpreter(content: bytes) -> str:
    """The words of the `#!` line: the program and at most one argument, as the kernel reads it (execve(2))."""
    first = content.split(b"\n", 1)[0].decode("utf-8", "surrogateescape")
    if not first.startswith("#!"):
        return "/bin/sh"
    words = first[2:].strip().split(None, 1)
    return " ".join(quote(word) for word in words) or "/bin/sh"


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Runs `interpreter script arguments`, which works on noexec mounts too; a shell reads the arguments."""
    name, rest = _parts(call.args["cmd"])
    content = desk.read(desk.find("files", name), decrypt=call.args["decrypt"])
    runs = quote(call.args["executable"]) if call.args["executable"] else _interpreter(content)
    uploads: tuple[Upload, ...] = ()
    place, script = "", '"$pb_up_script"'
    if len(content) <= INLINE_LIMIT:
        script = '"$pb_dir/s.$pb_index"'
        place = f"printf {printf_word(content)} >{script} || pb_fail 'the script cannot be written'\n"
    else:
        uploads = (content_upload("script", content),)
    text = quote(f'exec {runs} "$0" {rest}')
    return guarded(call, f"{place}pb_user_run /bin/sh -c {text} {script}", uploads)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """Changed whenever it ran; failed when its code is not 0. What guards it off skips it, unlike a command."""
    if "guard" in reply.values:
        guard = value(reply, "guard")
        there = "exists" if guard == "creates" else "does not exist"
        return skipped(f"{call.args[guard]} {there}, matching {guard} option", changed=False)
    return result(call, reply, strip=False, times=False)
