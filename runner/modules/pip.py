"""pip: Python packages, in a virtual environment or beside the host's own (ansible.builtin.pip)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.model.quick import dataclass
from runner.sh import pep440
from runner.sh.filled import filled
from runner.sh.quote import path, quote
from runner.sh.verdict import failure, text, value

SPEC = Spec(
    doc="Install Python packages with the host's pip, or remove them.",
    brings=True,
    effect=Effect.IDEMPOTENT,
    required_one_of=(("name", "requirements"),),
    mutually_exclusive=(("name", "requirements"), ("executable", "virtualenv")),
    options={
        "name": Option("list", elements="str", doc="Packages, with versions if need be; addresses of archives, too."),
        "version": Option(doc="The version of the one package."),
        "requirements": Option(doc="A file of requirements on the host."),
        "state": Option(
            default="present", choices=("present", "absent", "latest", "forcereinstall"), doc="What shall be."
        ),
        "virtualenv": Option("path", doc="The environment; it is made if need be."),
        "virtualenv_command": Option("path", default="virtualenv", doc="What makes it."),
        "virtualenv_python": Option(doc="Its Python."),
        "virtualenv_site_packages": Option("bool", default=False, doc="It sees the host's packages."),
        "extra_args": Option(doc="Further options of pip."),
        "editable": Option("bool", default=False, doc="Install from where the source is."),
        "chdir": Option("path", doc="Go into this folder first."),
        "executable": Option("path", doc="Which pip."),
        "umask": Option(doc="The umask, octal."),
        "break_system_packages": Option("bool", default=False, doc="Also where the system's packages forbid it."),
    },
    example="""\
- name: The application's packages
  ansible.builtin.pip:
    requirements: /srv/app/requirements.txt
    virtualenv: /srv/app/env
    virtualenv_command: python3 -m venv
""",
    returns={
        "cmd": "What was run.",
        "name": "The packages.",
        "version": "The version.",
        "requirements": "The file.",
        "virtualenv": "The environment.",
        "state": "What shall be.",
        "stdout": "What pip printed.",
        "stderr": "What it printed as errors.",
    },
)

_VERBS: Final[Mapping[str, tuple[str, ...]]] = {
    "present": ("install",),
    "absent": ("uninstall", "-y"),
    "latest": ("install", "-U"),
    "forcereinstall": ("install", "-U", "--force-reinstall"),
}
_VCS: Final = re.compile(r"(git|hg|svn|bzr)\+\S+|.*@\s*(git|hg|svn|bzr)\+", re.IGNORECASE)
# Options with which pip does something even if the packages are there.
_MORE: Final = re.compile(r"-[UertI]|--(upgrade|editable|requirement|target|force|ignore|user)")
_VENV: Final = re.compile(r"(\S*/)?pyvenv(\s|$)|.*\s-m\s*venv(\s|$)")

_FIND: Final = r"""
pip_find() {
  if [ -n "$env" ]; then
    for pip in "$env/bin/$named" "$env/bin/pip"; do [ ! -x "$pip" ] || return 0; done
    pb_fail "Unable to find pip in the virtualenv, $env, under any of these names: $named, pip."
  fi
  pip=$named
  case $pip in */*) [ -x "$pip" ] || pb_fail "there is no $pip on this host" ;; esac
  pb_have "$pip" || pb_fail "Unable to find any of $named to use.  pip needs to be installed (python3-pip)."
}
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
"""

_LIST: Final = r"""
if [ -n "$env" ] && [ ! -e "$env/bin/activate" ]; then pb_kv no_env 1; exit 0; fi
pip_find
pb_kv pip "$pip"
"$pip" list --format=freeze >"$pb_dir/s.pip.$pb_index" 2>/dev/null || "$pip" freeze >"$pb_dir/s.pip.$pb_index"
pb_blob list "$pb_dir/s.pip.$pb_index"
"""

_RUN: Final = r"""
[ -z "$umask" ] || umask "$umask"
if [ -n "$env" ] && [ ! -e "$env/bin/activate" ]; then
  pb_have @MAKER@ || pb_fail "there is no "@MAKER@" on this host (virtualenv_command: python3 -m venv needs none)"
  @MAKE@ "$env" || { rc=$?; pb_kv msg "the virtualenv $env cannot be made"; exit "$rc"; }
  pb_kv made 1
fi
pip_find
pb_kv pip "$pip"
[ -z "$env" ] || PATH=$env/bin:$PATH
pip_look() { "$pip" list --format=freeze 2>/dev/null || "$pip" freeze; }
[ -z '@LOOKS@' ] || was=$(pip_look)
"$pip" @WORDS@
rc=$?
pb_kv rc "$rc"
[ -z '@LOOKS@' ] || [ "$was" = "$(pip_look)" ] || pb_kv other 1
case $rc-@STATE@ in 0-* | 1-absent) ;; *) exit "$rc" ;; esac
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What pip is to be told: `packages` as texts, and those of them that a list of packages can answer for (`known`);
    `sure`: it can for all, and nothing else is asked."""

    packages: tuple[str, ...]
    known: tuple[pep440.Requirement, ...]
    extra: tuple[str, ...]
    sure: bool


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip asks what there is."""
    del desk
    args = call.args
    if args["umask"] and not re.fullmatch("(0o)?[0-7]{1,4}", args["umask"]):
        return failed("umask must be an octal integer")
    if args["state"] == "latest" and args["version"] is not None:
        return failed("version is incompatible with state=latest")
    if _VENV.match(args["virtualenv_command"]) and args["virtualenv_python"]:
        return failed("virtualenv_python should not be used when using the venv module or pyvenv as virtualenv_command")
    wish = _wish(args)
    if isinstance(wish, Outcome):
        return wish
    return Fragment(probe=_setting(args) + _FIND + _LIST, effect=Effect.READ, memo={"wish": wish}, last=False)


def _wish(args: Mapping[str, Any]) -> Wish | Outcome:
    names = pep440.several(args["name"] or [])
    version = args["version"]
    if version is not None and names:
        if len(names) > 1:
            return failed(
                "'version' argument is ambiguous when installing multiple package distributions. "
                "Please specify version restrictions next to each package in 'name' argument."
            )
        found = pep440.requirement(names[0])
        if found is not None and found.specifiers:
            return failed(
                "The 'version' argument conflicts with any version specifier provided along with a package name. "
                "Please keep the version specifier, but remove the 'version' argument."
            )
        names = [f"{names[0]}{'==' if version.lstrip()[:1].isdigit() else ''}{version.strip()}"]
    try:
        extra = shlex.split(args["extra_args"] or "")
    except ValueError as error:
        return failed(f"extra_args cannot be split into words: {error}")
    if args["editable"] and "-e" not in extra:
        extra.append("-e")
    known = [pep440.requirement(name) for name in names]
    asks_more = any(_MORE.match(word) for word in extra)
    sure = bool(names) and not asks_more and args["state"] in ("present", "absent")
    sure = sure and all(each is not None and not each.extras for each in known)
    return Wish(tuple(names), tuple(each for each in known if each is not None), tuple(extra), sure)


def _setting(args: Mapping[str, Any]) -> str:
    """Sh variables: where, which pip, which environment."""
    chdir = path(args["chdir"]) if args["chdir"] else '"${TMPDIR:-/tmp}"'
    said = quote(f"cannot go into {args['chdir'] or 'the folder for temporary files'}")
    env = path(args["virtualenv"]) if args["virtualenv"] else "''"
    broken = "\nexport PIP_BREAK_SYSTEM_PACKAGES=1" if args["break_system_packages"] else ""
    named = path(args["executable"]) if args["executable"] else "pip3"
    umask = quote((args["umask"] or "").removeprefix("0o"))
    absolute = 'case $env in "" | /*) ;; *) env=$PWD/$env ;; esac'
    return f"cd {chdir} || pb_fail {said}\nenv={env} named={named} umask={umask}\n{absolute}{broken}\n"


def _running(args: Mapping[str, Any], wish: Wish) -> Fragment:
    """The second trip: the environment made if need be, and pip run."""
    try:
        maker = shlex.split(args["virtualenv_command"])
    except ValueError as error:
        raise StepError(f"virtualenv_command cannot be split into words: {error}") from None
    if not maker:
        raise StepError("virtualenv_command is empty")
    make = [path(maker[0]), *(quote(word) for word in maker[1:])]
    if args["virtualenv_site_packages"]:
        make.append("--system-site-packages")
    if args["virtualenv_python"]:
        make.append(quote(f"-p{args['virtualenv_python']}"))
    words = [*_VERBS[args["state"]], *wish.extra, *wish.packages]
    tail = f" -r {path(args['requirements'])}" if args["requirements"] else ""
    looks = "1" if args["requirements"] or any(_VCS.match(name) for name in wish.packages) else ""
    parts = {"MAKER": path(maker[0]), "MAKE": " ".join(make), "LOOKS": looks, "STATE": args["state"]}
    parts["WORDS"] = " ".join(quote(word) for word in words) + tail
    text = filled(_RUN, parts)
    return Fragment(
        probe="pb_differs",
        apply=f"{_setting(args)}{_FIND}{text}",
        effect=Effect.IDEMPOTENT,
        memo={"wish": wish, "words": words, "ran": True},
        last=False,
    )


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Of what there is: whether pip has to run. Of that run: what pip said."""
    del desk
    args, wish = call.args, fragment.memo["wish"]
    if "ran" in fragment.memo:
        return _ran(args, fragment.memo["words"], reply)
    problem = failure(reply)
    if problem:
        return problem
    if "no_env" in reply.values:
        if call.check and args["state"] != "absent":
            return Outcome(Status.CHANGED, {"virtualenv": args["virtualenv"]})
        return Outcome(Status.CHANGED, {}) if call.check else _running(args, wish)
    needed = _needed(args, wish, value(reply, "list"))
    if wish.sure and not needed:
        cmd = [value(reply, "pip"), "list", "--format=freeze"]
        return Outcome(Status.OK, {**_common(args), "cmd": cmd, "stdout": value(reply, "list"), "stderr": ""})
    if not call.check:
        return _running(args, wish)
    if needed or args["state"] == "forcereinstall":
        return Outcome(Status.CHANGED, _common(args))
    reason = "only pip itself, when it runs, knows what there is to do"
    return Outcome(Status.SKIPPED, msg=f"may change: {reason}", unknown=reason)


def _needed(args: Mapping[str, Any], wish: Wish, said: str) -> bool:
    """Whether a package is missing (or there, if it shall be gone)."""
    pairs = (line.strip().partition("==") for line in said.splitlines())
    there = {pep440.canonical(name): version for name, _, version in pairs if version}
    present = [each.name in there and each.satisfied_by(there[each.name]) for each in wish.known]
    return any(present) if args["state"] == "absent" else not all(present)


def _common(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: args[name] for name in ("name", "version", "state", "requirements", "virtualenv")}


def _ran(args: Mapping[str, Any], words: list[str], reply: Reply) -> Outcome:
    stdout, stderr = text(reply.stdout), text(reply.stderr)
    tail = ["-r", args["requirements"]] if args["requirements"] else []
    said = {"cmd": [value(reply, "pip"), *words, *tail], "stdout": stdout, "stderr": stderr}
    absent = args["state"] == "absent"
    missing = absent and "not installed" in stdout + stderr
    if reply.timed_out or "rc" not in reply.values:
        problem = failure(reply) or failed("pip did not run")
        return failed(problem.msg, **said)
    if int(value(reply, "rc")) != 0 and not missing:
        return failed(f"stdout: {stdout}\n:stderr: {stderr}", **said)
    if args["requirements"] or any(_VCS.match(name) for name in args["name"] or []):
        changed = "other" in reply.values
    else:
        changed = f"Successfully {'un' if absent else ''}installed" in stdout
    status = Status.CHANGED if changed or "made" in reply.values else Status.OK
    return Outcome(status, {**_common(args), **said})
