"""slurp: a file of the host as base64 in the result (ansible.builtin.slurp)."""

from __future__ import annotations

import base64

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, ok
from runner.model.ports import Desk
from runner.sh.place import holds
from runner.sh.prelude import OUTPUT_LIMIT
from runner.sh.quote import path
from runner.sh.verdict import failure, value

SPEC = Spec(
    doc="Read a file of the host; its bytes come as base64.",
    effect=Effect.READ,
    options={"src": Option("path", required=True, aliases=("path",), doc="The file on the host.")},
    example="""\
- name: Which machine it is
  ansible.builtin.slurp:
    src: /etc/machine-id
  register: id
- ansible.builtin.debug:
    msg: "{{ id.content | b64decode | trim }}"
""",
    returns={
        "content": "The file's bytes in base64.",
        "encoding": "`base64`.",
        "source": "The file that was read.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Reads only."""
    del desk
    probe = (
        f"p={path(call.args['src'])}\n"
        'pb_kv source "$p"\n'
        'if [ ! -e "$p" ]; then pb_kv missing 1; pb_fail "File not found: $p"; fi\n'
        '[ ! -d "$p" ] || pb_fail "Source is a directory and must be a file: $p"\n'
        '[ -r "$p" ] || pb_fail "File is not readable: $p"\n'
        'pb_stat "$p"; [ "$pb_type" = file ] || pb_fail "Source is no regular file ($pb_type): $p"\n'
        f'[ "$pb_size" -le {OUTPUT_LIMIT} ] || pb_fail "the file is too large for a result: $p"\n'
        'pb_blob content "$p"'
    )
    return Fragment(probe=probe, effect=Effect.READ)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """The bytes as base64; a file that a dry run would have made is not known."""
    del fragment, desk
    src = call.args["src"]
    if call.check and "missing" in reply.values and holds(call.will_exist, src):
        return Outcome(Status.SKIPPED, unknown=f"{src} would have been made before")
    problem = failure(reply)
    if problem:
        return problem
    content = base64.b64encode(reply.values.get("content", b"")).decode("ascii")
    return ok(content=content, encoding="base64", source=value(reply, "source", src))
