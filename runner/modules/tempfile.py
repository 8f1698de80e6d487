"""tempfile: a new file or folder with a name nobody can guess (ansible.builtin.tempfile)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, ok
from runner.model.ports import Desk
from runner.model.values import Unknown
from runner.sh.attributes import FILE_RETURNS, Seen
from runner.sh.quote import path, quote
from runner.sh.verdict import failure, value

SPEC = Spec(
    doc="Make a new private file or folder whose name nobody can guess.",
    effect=Effect.UNSAFE,
    options={
        "state": Option(default="file", choices=("directory", "file"), doc="What to make."),
        "path": Option("path", doc="The folder it goes into; without it, the system's one for temporary files."),
        "prefix": Option(default="ansible.", doc="How its name begins."),
        "suffix": Option(default="", doc="How its name ends."),
    },
    example="""\
- name: A place to build in
  ansible.builtin.tempfile:
    state: directory
    suffix: build
  register: place
""",
    returns={"path": "The path of what was made.", **FILE_RETURNS},
)

# The name is random; O_EXCL (noclobber) and mkdir make sure that it is nobody else's.
_MAKE = r"""
try=0
while :; do
  try=$((try + 1))
  random=$(od -An -N4 -tx1 /dev/urandom 2>/dev/null)
  name=$folder/$prefix$(printf %s $random)$suffix
  if [ -n "$random" ] && MAKE; then break; fi 2>/dev/null
  [ "$try" -lt 5 ] || pb_fail "cannot make a temporary WHAT in $folder"
done
umask "$pb_umask"
case $name in /*) ;; *) name=${PWD%/}/$name ;; esac
pb_stat "$name"; pb_report now; pb_kv path "$name"
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Each run makes another one."""
    del desk
    args = call.args
    for part in ("prefix", "suffix"):
        if "/" in args[part]:
            raise StepError(f"{part} must be a valid file name component, got {args[part]!r}")
    folder = path(args["path"]) if args["path"] else '"${TMPDIR:-/tmp}"'
    names = f"prefix={quote(args['prefix'])} suffix={quote(args['suffix'])} folder={folder}\n"
    check = 'folder=${folder%/}\n[ -d "${folder:-/}" ] || pb_fail "[Errno 2] No such file or directory: $folder"'
    soon = call.check and args["path"] in call.will_exist
    make = '(umask 077; set -C; command exec 7>"$name")' if args["state"] == "file" else 'mkdir -m 700 -- "$name"'
    what = "file" if args["state"] == "file" else "folder"
    return Fragment(
        probe=names + ("" if soon else check) + "\npb_differs",
        apply=_MAKE.replace("MAKE", make).replace("WHAT", what),
        effect=Effect.UNSAFE,
    )


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed always; in a dry run nobody knows the path."""
    del call, fragment, desk
    problem = failure(reply)
    if problem:
        return problem
    made = Seen.read(reply, "now")
    if made is None:
        return ok(changed=True, path=Unknown("the temporary was not made"))
    return ok(changed=True, path=value(reply, "path"), **made.result())
