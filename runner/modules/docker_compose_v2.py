"""docker_compose_v2: the services of a compose project (community.docker.docker_compose_v2).

What there is to do is compose's own knowledge: in a dry run it is asked with its `--dry-run`; what it tells while it
works is what the result calls its actions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, failed, ok
from runner.model.ports import Desk
from runner.sh import docker, docker_compose
from runner.sh.encode import printf_word
from runner.sh.quote import path as path_word
from runner.sh.quote import quote
from runner.sh.verdict import text, value

COLLECTION = "community.docker"

SPEC = Spec(
    doc="Start, stop or remove the services of a compose project.",
    restless=True,
    brings=True,
    mutually_exclusive=(("project_src", "definition"), ("files", "definition")),
    required_one_of=(("project_src", "definition"),),
    options={
        "project_src": Option("path", doc="The project's folder."),
        "project_name": Option(doc="Its name; that of the folder if not given."),
        "files": Option("list", elements="str", doc="Its files, in that folder."),
        "definition": Option("dict", doc="The project itself."),
        "env_files": Option("list", elements="path", doc="Files with its variables."),
        "profiles": Option("list", elements="str", doc="Its profiles."),
        "check_files_existing": Option("bool", default=True, doc="Fail early if there is no file."),
        "state": Option(
            default="present", choices=("absent", "present", "restarted", "stopped"), doc="What it shall be."
        ),
        "services": Option("list", elements="str", doc="Only these services."),
        "dependencies": Option("bool", default=True, doc="And what they need."),
        "pull": Option(default="policy", choices=("always", "missing", "never", "policy"), doc="When to pull."),
        "build": Option(default="policy", choices=("always", "never", "policy"), doc="When to build."),
        "recreate": Option(default="auto", choices=("always", "auto", "never"), doc="When to make containers anew."),
        "renew_anon_volumes": Option("bool", default=False, doc="New unnamed volumes for new containers."),
        "remove_images": Option(choices=("all", "local"), doc="Images to remove with absent."),
        "remove_volumes": Option("bool", default=False, doc="Volumes are removed with absent."),
        "remove_orphans": Option("bool", default=False, doc="Remove containers of other services."),
        "timeout": Option("int", doc="Seconds to stop."),
        "scale": Option("dict", doc="How many containers a service has."),
        "wait": Option("bool", default=False, doc="Wait until they run or are healthy."),
        "wait_timeout": Option("int", doc="Seconds for that."),
        "assume_yes": Option("bool", default=False, doc="Yes to all of compose's questions."),
        "ignore_build_events": Option("bool", default=True, doc="Building alone is no change."),
        **{name: option for name, option in docker.COMMON_OPTIONS.items() if name not in ("timeout", "debug")},
    },
    example="""\
- name: The project's services
  community.docker.docker_compose_v2:
    project_src: /srv/app
    pull: missing
    remove_orphans: true
""",
    returns={
        "actions": "What compose did, or in a dry run would do.",
        "containers": "The project's containers.",
    },
)

_FILES: Final = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The call, or in a dry run its trial; and the containers afterwards."""
    del desk
    args = call.args
    if args["definition"] is not None and not args["project_name"]:
        raise StepError("definition is given but project_name is missing")
    for one in args["services"] or []:
        docker.name(one)
    begin = f"{docker.start(args)}{_feed(args)}{_there(args)}"
    listed = f'pb_kv containers "$({_compose(args, ["ps", "--format", "json", "--all"])} 2>/dev/null)"'
    if call.check:
        return Fragment(f"{begin}\n{_work(call, dry=True)}\n{listed}")
    return Fragment(f"{begin}\npb_differs", f"{_work(call, dry=False)}\n{listed}")


def _feed(args: Mapping[str, Any]) -> str:
    """`feed` gives compose the definition on stdin."""
    if args["definition"] is None:
        return "feed() { :; }\n"
    # JSON is YAML.
    word = printf_word(json.dumps(args["definition"]).encode())
    return f"feed() {{ printf {word}; }}\n"


def _there(args: Mapping[str, Any]) -> str:
    if not args["project_src"] or not args["check_files_existing"]:
        return ""
    folder = path_word(args["project_src"])
    found = [f'[ -e "$folder"/{quote(one)} ]' for one in args["files"] or _FILES]
    joined = (" && " if args["files"] else " || ").join(found)
    missing = ", ".join(args["files"] or _FILES)
    return (
        f'folder={folder}\n[ -d "$folder" ] || pb_fail "\\"$folder\\" is not a directory"\n'
        f'{{ {joined}; }} || pb_fail "\\"$folder\\" does not contain "{quote(missing)}'
    )


def _compose(args: Mapping[str, Any], words: list[str], *, dry: bool = False) -> str:
    trial = ["--dry-run"] if dry else []
    return f"feed | {docker_compose.base(args)} {' '.join(map(quote, [*words[:1], *trial, *words[1:]]))}"


def _work(call: Call, *, dry: bool) -> str:
    args, names = call.args, ["--", *(call.args["services"] or [])]

    def run(words: list[str]) -> str:
        return f"{_compose(args, [*words, *names], dry=dry)} || exit"

    if args["state"] == "absent":
        return run(docker_compose.down(args))
    if args["state"] == "restarted":
        return run(docker_compose.restart(args))
    if args["state"] == "present":
        return run(docker_compose.up(args, start=True))
    # It says that it stops also what is stopped.
    running = _compose(args, ["ps", "--quiet", "--status", "running"])
    up, stop = run(docker_compose.up(args, start=False)), run(docker_compose.stop(args))
    return f'{up}\n[ -z "$({running} 2>/dev/null)" ] || {{\n{stop}\n}}'


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when compose changed something."""
    del fragment, desk
    problem = docker.refused(reply)
    if problem:
        said = [line for line in text(reply.stderr).splitlines() if "rror" in line]
        named = value(reply, "msg") or "\n".join(said) or problem.msg
        return failed(named, rc=reply.rc, stderr=text(reply.stderr), actions=docker_compose.actions(text(reply.stderr)))
    actions = docker_compose.actions(text(reply.stderr))
    counted = [one for one in actions if not (call.args["ignore_build_events"] and one["status"] == "Building")]
    values: dict[str, Any] = {"actions": actions, "rc": 0}
    if not (call.check and counted):
        values["containers"] = docker_compose.listed(value(reply, "containers"))
    if not call.check:
        values |= {"stdout": text(reply.stdout), "stderr": text(reply.stderr)}
    return ok(bool(counted), **values)
