"""docker_image: an image of Docker, from wherever it comes, and where it goes (community.docker.docker_image).

Two trips: the first has docker tell of the image, the second has the commands; a dry run is the first alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, failed, ok
from runner.model.ports import Desk
from runner.sh import docker
from runner.sh.docker import command
from runner.sh.quote import path as path_word
from runner.sh.quote import quote
from runner.sh.verdict import value

COLLECTION = "community.docker"

SPEC = Spec(
    doc="Pull, build, load, tag, push, save or remove an image of Docker.",
    restless=True,
    brings=True,
    required_if=(("source", "build", ("build",)), ("source", "load", ("load_path",))),
    options={
        "name": Option(required=True, doc="Its name, with or without a tag, or its ID."),
        "tag": Option(default="latest", doc="Its tag, if the name has none."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be there."),
        "source": Option(choices=("build", "load", "local", "pull"), doc="Where it comes from."),
        "build": Option("dict", doc="path, dockerfile, args, target, network, labels, nocache, pull and others."),
        "pull": Option("dict", doc="platform: the platform to pull."),
        "load_path": Option("path", doc="The archive to load it from."),
        "archive_path": Option("path", doc="The archive to save it to."),
        "repository": Option(doc="Another name for it."),
        "push": Option("bool", default=False, doc="Push it to its registry."),
        "force_source": Option("bool", default=False, doc="Fetch it though it is there."),
        "force_tag": Option("bool", default=False, doc="Tag it though another has the name."),
        "force_absent": Option("bool", default=False, doc="Remove it though containers use it."),
        **docker.COMMON_OPTIONS,
    },
    example="""\
- name: An image of the registry
  community.docker.docker_image:
    name: redis:7
    source: pull
- name: One that is built on the host
  community.docker.docker_image:
    name: app
    tag: "{{ release }}"
    source: build
    build:
      path: /srv/app
""",
    returns={
        "image": "What docker says of it (`docker inspect`).",
    },
)

_BUILD: Final = {
    "dockerfile": "--file",
    "target": "--target",
    "network": "--network",
    "platform": "--platform",
    "shm_size": "--shm-size",
}
_SWITCHES: Final = {"nocache": "--no-cache", "pull": "--pull"}
_MAPPINGS: Final = {"args": "--build-arg", "labels": "--label"}
_LIMITS: Final = {
    "memory": "--memory",
    "memswap": "--memory-swap",
    "cpushares": "--cpu-shares",
    "cpusetcpus": "--cpuset-cpus",
}
_WITHOUT: Final = {"path", "rm", "http_timeout", "use_config_proxy", "cache_from", "container_limits", "etc_hosts"}


def reference(args: Mapping[str, Any]) -> str:
    """The image as docker names it."""
    name = docker.name(args["name"])
    tagged = ":" in name.rpartition("/")[2] or "@" in name
    return name if tagged else f"{name}:{args['tag']}"


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """First: what there is under its name, and under the other one."""
    del desk
    args = call.args
    unknown = set(args["build"] or {}) - {*_BUILD, *_SWITCHES, *_MAPPINGS, *_WITHOUT}
    if unknown:
        raise StepError(f"build: unknown {', '.join(sorted(unknown))}")
    if args["source"] == "build" and not (args["build"] or {}).get("path"):
        raise StepError("build: path is needed")
    _fetch(args)  # mistakes are told before a host is asked
    return Fragment(f"{docker.start(args)}{_looks(args)}", last=False)


def _looks(args: Mapping[str, Any]) -> str:
    lines = [f"look image image inspect -- {quote(reference(args))} || :"]
    if args["repository"]:
        lines.append(f"look other image inspect -- {quote(_other(args))} || :")
    if args["archive_path"]:
        file = path_word(args["archive_path"])
        lines.append(f'[ ! -f {file} ] || pb_kv manifest "$(tar -xOf {file} manifest.json 2>/dev/null)"')
    return "\n".join(lines)


def _other(args: Mapping[str, Any]) -> str:
    name = docker.name(args["repository"])
    return name if ":" in name.rpartition("/")[2] else f"{name}:{reference(args).rpartition(':')[2]}"


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Then what has to be done."""
    del desk
    problem = docker.refused(reply)
    if problem:
        return problem
    args = call.args
    image = docker.inspected(reply, "image")
    if fragment.memo:
        moved = fragment.memo["other"] or (image or {}).get("Id") != fragment.memo["id"]
        return _done(image, bool(moved))
    if args["state"] == "present" and not image and args["source"] in (None, "local"):
        return failed(f"Cannot find the image {reference(args)} locally.")
    commands, certain = _commands(args, image, reply)
    if not commands or (call.check and certain):
        return _done(None if commands else image, bool(commands))
    # Whether it is another image afterwards is known then.
    apply = "\n".join([*(f"{one} >&2 || exit" for one in commands), _looks(args)])
    memo = {"id": (image or {}).get("Id"), "other": certain}
    return Fragment(f"{docker.start(args)}pb_differs", apply, memo=memo, predictable=certain)


def _done(image: Mapping[str, Any] | None, changed: bool) -> Outcome:
    return ok(changed, **({"image": dict(image)} if image else {}))


def _commands(args: Mapping[str, Any], image: Mapping[str, Any] | None, reply: Reply) -> tuple[list[str], bool]:
    """The commands, and whether they change something for certain."""
    name = reference(args)
    if args["state"] == "absent":
        force = ["--force"] if args["force_absent"] else []
        return ([command("image", "rm", *force, "--", name)] if image else []), True
    fetching = not image or (args["force_source"] and args["source"] != "local")
    commands = _fetch(args) if fetching else []
    certain, known = not (fetching and image), str((image or {}).get("Id") or "")
    if args["archive_path"] and (fetching or known.removeprefix("sha256:") not in value(reply, "manifest")):
        commands.append(f"dk image save --output {path_word(args['archive_path'])} -- {quote(name)}")
        certain = True
    if args["repository"]:
        other = docker.inspected(reply, "other")
        if fetching or other is None or (other.get("Id") != known and args["force_tag"]):
            commands.append(command("image", "tag", name, _other(args)))
            certain = certain or other is None
    if args["push"]:
        commands.append(command("push", "--quiet", _other(args) if args["repository"] else name))
        certain = True
    return commands, certain


def _fetch(args: Mapping[str, Any]) -> list[str]:
    name = reference(args)
    if args["source"] == "pull":
        platform = (args["pull"] or {}).get("platform")
        return [command("pull", "--quiet", *([f"--platform={platform}"] if platform else []), "--", name)]
    if args["source"] == "load":
        return [f"dk image load --quiet --input {path_word(args['load_path'])}"]
    if args["source"] != "build":
        return []
    about = args["build"]
    words = ["build", f"--tag={name}", *([] if about.get("rm", True) else ["--rm=false"])]
    words += [f"{flag}={about[key]}" for key, flag in _BUILD.items() if about.get(key) and key != "dockerfile"]
    words += [flag for key, flag in _SWITCHES.items() if about.get(key)]
    for key, flag in _MAPPINGS.items():
        words += [f"{flag}={one}={text}" for one, text in (about.get(key) or {}).items()]
    words += [f"--cache-from={one}" for one in about.get("cache_from") or []]
    words += [f"--add-host={one}:{address}" for one, address in (about.get("etc_hosts") or {}).items()]
    limits = about.get("container_limits") or {}
    words += [f"{flag}={limits[key]}" for key, flag in _LIMITS.items() if limits.get(key)]
    folder = path_word(str(about["path"]))
    file = f" --file {folder}/{quote(str(about['dockerfile']))}" if about.get("dockerfile") else ""
    return [f"{command(*words)}{file} {folder}"]
