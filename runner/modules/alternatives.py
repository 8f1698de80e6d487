"""alternatives: which of several programs a name means (community.general.alternatives)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh.alternatives import Choice, Follower, Group, parse
from runner.sh.quote import quote
from runner.sh.verdict import failure, value

COLLECTION = "community.general"

SPEC = Spec(
    doc="Choose which of several programs a name means, with update-alternatives.",
    options={
        "name": Option(required=True, doc="The name."),
        "path": Option("path", doc="The program that it shall mean."),
        "family": Option(doc="The family of programs that is chosen (Red Hat)."),
        "link": Option("path", doc="Where the name's link is; needed for a name that is new to the host."),
        "priority": Option("int", doc="How much it counts when the host chooses; 50 for a new one."),
        "state": Option(
            default="selected",
            choices=("present", "selected", "absent", "auto"),
            doc="There; there and chosen; not there; there, and the host chooses.",
        ),
        "subcommands": Option(
            "list", elements="dict", aliases=("slaves",), doc="What follows it: each a `name`, `link` and `path`."
        ),
    },
    example="""\
- name: vi is vim
  community.general.alternatives:
    name: vi
    path: /usr/bin/vim.basic
""",
)

_HAVE: Final = (
    "pb_have update-alternatives || PATH=$PATH:/usr/sbin:/sbin\n"
    'pb_have update-alternatives || pb_fail "there is no update-alternatives on the host"\n'
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: what the host has under the name."""
    del desk
    args = call.args
    if args["path"] is None and (args["family"] is None or args["state"] == "absent"):
        return failed("Either path or family must be specified")
    _followers(args)
    path = quote(args["path"] or "/")
    return Fragment(
        probe=f'{_HAVE}pb_kv display "$(update-alternatives --display {quote(args["name"])} 2>/dev/null)"\n'
        f"[ ! -e {path} ] || pb_kv exists 1",
        last=call.check,
    )


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to be done, as an outcome or as the second trip; of that, what came of it."""
    del desk
    broken = failure(reply)
    if broken:
        return broken
    if "done" in fragment.memo:
        done: Outcome = fragment.memo["done"]
        return done
    args = call.args
    group = parse(value(reply, "display"), _followers(args))
    commands, said = _needed(args, group, exists="exists" in reply.values)
    diff = (Diff(_shown(args, group), _after(args, group)),) if call.diff and commands else ()
    done = Outcome(Status.CHANGED if commands else Status.OK, {"msg": said}, msg=said, diff=diff)
    if call.check or not commands:
        return done
    apply = "\n".join(
        f'said=$(update-alternatives {" ".join(map(quote, words))} 2>&1) || pb_fail "$said"' for words in commands
    )
    return Fragment(probe=f"{_HAVE}pb_differs", apply=apply, memo={"done": done})


def _followers(args: Mapping[str, Any]) -> tuple[Follower, ...]:
    """The wanted followers. Raises StepError for a wrong one."""
    for given in args["subcommands"] or ():
        if set(given) != {"name", "link", "path"} or not all(isinstance(part, str) for part in given.values()):
            raise StepError("subcommands: each needs name, link and path")
    return tuple(args["subcommands"] or ())


def _needed(args: Mapping[str, Any], group: Group, *, exists: bool) -> tuple[list[list[str]], str]:
    """The calls of update-alternatives, and what they do in Ansible's words."""
    name, path, state = args["name"], args["path"], args["state"]
    commands: list[list[str]] = []
    said: list[str] = []
    if state == "absent":
        if path in group.choices:
            commands.append(["--remove", name, path])
            said.append(f"Remove alternative '{path}' from '{name}'.")
        return commands, " ".join(said)
    if path is not None and not _is_there(args, group.choices.get(path)):
        if not exists:
            raise StepError(f"Specified path {path} does not exist")
        commands.append(_install(args, group))
        said.append(f"Install alternative '{path}' for '{name}'.")
    chosen = args["family"] or path
    if state == "selected" and (group.current != path or args["family"] is not None):
        commands.append(["--set", name, chosen])
        said.append(f"Set alternative '{chosen}' for '{name}'.")
    if state == "auto" and group.mode == "manual":
        commands.append(["--auto", name])
        said.append(f"Set alternative to auto for '{name}'.")
    return commands, " ".join(said)


def _is_there(args: Mapping[str, Any], choice: Choice | None) -> bool:
    if choice is None or args["priority"] not in (None, choice.priority):
        return False
    wanted = args["subcommands"]
    return wanted is None or (
        all(follower in wanted for follower in choice.followers)
        and all(follower in choice.followers for follower in wanted)
    )


def _install(args: Mapping[str, Any], group: Group) -> list[str]:
    link = args["link"] or group.link
    if not link:
        raise StepError("Needed to install the alternative, but unable to do so as we are missing the link")
    words = ["--install", link, args["name"], args["path"], str(_priority(args, group))]
    if args["family"] is not None:
        words += ["--family", args["family"]]
    for follower in args["subcommands"] or ():
        words += ["--slave", follower["link"], follower["name"], follower["path"]]
    return words


def _priority(args: Mapping[str, Any], group: Group) -> int:
    had = group.choices.get(args["path"])
    return int(args["priority"] if args["priority"] is not None else had.priority if had else 50)


def _shown(args: Mapping[str, Any], group: Group) -> str:
    """The alternative as the host has it, for the diff."""
    had = group.choices.get(args["path"])
    if had is None:
        return "state: absent\n"
    chosen = "selected" if group.mode == "manual" and group.current == args["path"] else "present"
    return f"state: {chosen}\npath: {args['path']}\npriority: {had.priority}\nlink: {group.link}\n"


def _after(args: Mapping[str, Any], group: Group) -> str:
    state = {"auto": "present"}.get(args["state"], args["state"])
    if state == "absent" or args["path"] is None:
        return f"state: {state}\n"
    link = args["link"] or group.link
    return f"state: {state}\npath: {args['path']}\npriority: {_priority(args, group)}\nlink: {link}\n"
