"""docker_container: a container of Docker (community.docker.docker_container).

Two trips: the first has docker tell of the container and its image, the second has the commands that make it as it is
wanted; a dry run is the first alone. Where an image shall be pulled in any case, that is a trip in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import docker, docker_container, docker_settings
from runner.sh.docker import command
from runner.sh.docker_container import World
from runner.sh.quote import path as path_word
from runner.sh.quote import quote
from runner.sh.verdict import text, value

COLLECTION = "community.docker"

_STATES: Final = ("absent", "healthy", "present", "started", "stopped")

SPEC = Spec(
    doc="Make, change, start, stop or remove a container of Docker.",
    restless=True,
    brings=True,
    options={
        "name": Option(required=True, doc="Its name."),
        "image": Option(doc="Its image."),
        "state": Option(default="started", choices=_STATES, doc="What it shall be."),
        "command": Option("raw", doc="What it runs: a text or words."),
        "entrypoint": Option("list", elements="str", doc="What runs that."),
        "command_handling": Option(default="correct", choices=("compatibility", "correct"), doc="No matter here."),
        "env": Option("dict", doc="Its environment; values are texts."),
        "env_file": Option("path", doc="A file of the host with variables."),
        "volumes": Option("list", elements="str", doc="`source:target:mode`."),
        "mounts": Option("list", elements="dict", doc="Mounts in the long form."),
        "tmpfs": Option("list", elements="str", doc="Folders in memory."),
        "devices": Option("list", elements="str", doc="Devices of the host."),
        "published_ports": Option("list", elements="str", aliases=("ports",), doc="`ip:port:port/protocol`, or all."),
        "exposed_ports": Option("list", elements="str", aliases=("exposed", "expose"), doc="Ports for its networks."),
        "default_host_ip": Option(default="", doc="Where ports are published if they do not say."),
        "networks": Option("list", elements="dict", doc="Its networks: name, ipv4_address, aliases and so on."),
        "network_mode": Option(doc="The network it is made with: a name, host, none, container:NAME."),
        "networks_cli_compatible": Option("bool", default=True, doc="Made with the first of its networks."),
        "purge_networks": Option("bool", default=False, doc="Leave all other networks."),
        "etc_hosts": Option("dict", doc="Lines of its /etc/hosts."),
        "links": Option("list", elements="str", doc="Other containers by another name."),
        "healthcheck": Option("dict", doc="How it is seen that it works: test, interval, timeout, retries."),
        "restart_policy": Option(
            choices=("always", "no", "on-failure", "unless-stopped"), doc="When it is started again."
        ),
        "restart_retries": Option("int", doc="How often after failures."),
        "ulimits": Option("list", elements="str", doc="Limits of processes."),
        "platform": Option(doc="The platform of its image."),
        "comparisons": Option("dict", doc="How options are compared: strict, ignore, allow_more_present."),
        "image_comparison": Option(
            default="desired-image", choices=("current-image", "desired-image"), doc="No matter."
        ),
        "image_label_mismatch": Option(default="ignore", choices=("fail", "ignore"), doc="Labels of the image only."),
        "image_name_mismatch": Option(
            default="recreate", choices=("ignore", "recreate"), doc="Same image, other name."
        ),
        "pull": Option("raw", default="missing", doc="Fetch the image: always, missing or never."),
        "pull_check_mode_behavior": Option(
            default="image_not_present", choices=("always", "image_not_present"), doc="What a dry run says of that."
        ),
        "recreate": Option("bool", default=False, doc="Make it anew though nothing differs."),
        "restart": Option("bool", default=False, doc="Restart it if it runs already."),
        "paused": Option("bool", doc="Whether it is halted."),
        "detach": Option("bool", doc="False: wait until it ends; its code and output are the result."),
        "output_logs": Option("bool", default=False, doc="No matter here."),
        "cleanup": Option("bool", default=False, doc="Remove it when it has ended, with detach=false."),
        "force_kill": Option("bool", default=False, aliases=("forcekill",), doc="Kill it instead of stopping it."),
        "kill_signal": Option(doc="The signal for that."),
        "keep_volumes": Option("bool", default=True, doc="Keep its unnamed volumes when it is removed."),
        "healthy_wait_timeout": Option("float", default=300, doc="Seconds to wait until it is healthy."),
        "removal_wait_timeout": Option("float", doc="No matter here: removing waits."),
        "container_default_behavior": Option(
            default="no_defaults", choices=("compatibility", "no_defaults"), doc="Only no_defaults is supported."
        ),
        **{name: setting.option() for name, setting in docker_settings.SETTINGS.items()},
        **docker.COMMON_OPTIONS,
    },
    example="""\
- name: A cache
  community.docker.docker_container:
    name: cache
    image: redis:7
    restart_policy: unless-stopped
    published_ports: ["127.0.0.1:6379:6379"]
    volumes: ["cache:/data"]
""",
    returns={
        "container": "What docker says of it (`docker inspect`).",
    },
)

_PULLS: Final = {"True": "always", "true": "always", "False": "missing", "false": "missing"}


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """First: what there is."""
    del desk
    args = call.args
    docker.name(args["name"])
    docker_settings.check(args)
    docker_container.methods(args["comparisons"] or {})
    if _pull(args) not in ("always", "missing", "never"):
        raise StepError(f"pull must be always, missing or never, not {args['pull']!r}")
    if args["container_default_behavior"] == "compatibility":
        raise StepError("container_default_behavior=compatibility is not supported")
    if args["image"]:
        docker.name(args["image"])
    for one in args["networks"] or []:
        if not one.get("name"):
            raise StepError("networks: each needs a name")
    docker_container.parts(args, World({}, {}))  # mistakes are told before a host is asked
    return Fragment(f"{docker.start(args)}{_looks(args)}", memo={"stage": "look"}, last=False)


def _pull(args: Mapping[str, Any]) -> str:
    return _PULLS.get(str(args["pull"]), str(args["pull"]))


def _looks(args: Mapping[str, Any]) -> str:
    mode = docker_container.network_mode(args) or ""
    lines = [f"look container container inspect {quote(args['name'])} || :", 'pb_kv home "$HOME"']
    if args["image"]:
        lines.append(f"look image image inspect {quote(args['image'])} || :")
    if mode.startswith("container:"):
        other = quote(docker.name(mode.removeprefix("container:")))
        lines.append(f"look network_of container inspect --format '{{{{.Id}}}}' {other} || :")
    if args["env_file"]:
        file = path_word(args["env_file"])
        lines.append(f'[ -r {file} ] || pb_fail "cannot read env_file"\npb_blob env_file {file}')
    return "\n".join(lines)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Then the pull, and what has to be done."""
    del desk
    problem = docker.refused(reply)
    if problem:
        return problem
    args, memo = call.args, fragment.memo
    if memo["stage"] == "act":
        return _acted(call, memo, reply)
    if (
        memo["stage"] == "look"
        and args["image"]
        and _pull(args) == "always"
        and args["state"] != "absent"
        and not call.check
    ):
        again = f"pb_differs\n{docker.start(args)}"
        apply = f"{command('pull', '--quiet', args['image'])} >/dev/null || exit\n{_looks(args)}"
        was = (docker.inspected(reply, "image") or {}).get("Id")
        return Fragment(again, apply, memo={"stage": "pulled", "image": was}, last=False)
    world = _world(args, reply)
    pulled = memo["stage"] == "pulled" and world.image.get("Id") != memo["image"]
    wrong = _wrong(args, world)
    if wrong:
        return failed(wrong)
    commands, changes = _plan(args, world)
    if call.check or not commands:
        return _done(call, bool(commands) or pulled, changes, None if commands else world.container)
    apply = "\n".join([*(f"{one} || exit" for one in commands), _finish(args)])
    return Fragment(f"{docker.start(args)}pb_differs", apply, memo={"stage": "act", "changes": changes})


def _world(args: Mapping[str, Any], reply: Reply) -> World:
    container = docker.inspected(reply, "container") or {}
    if str(container.get("Name") or "").lstrip("/") != args["name"] and container.get("Id") != args["name"]:
        container = {}  # docker takes the beginning of an ID for a name
    image = docker.inspected(reply, "image") or {}
    return World(container, image, value(reply, "home"), value(reply, "env_file"), value(reply, "network_of"))


def _wrong(args: Mapping[str, Any], world: World) -> str:
    if args["state"] == "absent":
        return ""
    if not world.container and not args["image"]:
        return "Cannot create container when image is not specified!"
    if args["image"] and not world.image and _pull(args) == "never":
        return f"Cannot find image with name {args['image']}"
    return ""


def _plan(args: Mapping[str, Any], world: World) -> tuple[list[str], dict[str, tuple[Any, Any]]]:
    """The commands, and what they change: name → (before, after)."""
    there, state = bool(world.container), args["state"]
    if state == "absent":
        return (_remove(args, world), {"exists": (True, False)}) if there else ([], {})
    differs = docker_container.differences(args, world) if there else {}
    image = there and docker_container.image_differs(args, world)
    anew = there and (args["recreate"] or image or not all(map(docker_container.can_update, differs)))
    changes = dict(differs) if there else {"exists": (False, True)}
    changes |= {"image": (world.container.get("Image"), world.image.get("Id") or args["image"])} if image else {}
    changes |= {"recreate": (False, True)} if anew and args["recreate"] else {}
    commands = _remove(args, world) if anew else []
    made = anew or not there
    if made:
        fetch = [f"{command('pull', '--quiet', args['image'])} >/dev/null"] if args["image"] and not world.image else []
        wanted = args if args["image"] else {**args, "image": world.container["Image"]}
        commands = [*fetch, *commands, *docker_container.create(wanted, world)]
    elif differs:
        commands.append(f"{docker_container.update(args, world, differs)} >/dev/null")
    if not made:
        for change, name in docker_container.networks(args, world):
            commands.append(change)
            changes[f"network.{name}"] = (False, True)
    running, moves = world.running, _moves(args, world, made)
    changes |= {"running": (running, state != "stopped")} if moves and running == (state == "stopped") else {}
    return [*commands, *moves], changes


def _moves(args: Mapping[str, Any], world: World, made: bool) -> list[str]:
    """Start, stop, restart, halt."""
    name, running = args["name"], world.running and not made
    moves = []
    if args["state"] in ("started", "healthy"):
        if not running:
            moves.append(f"{command('start', name)} >/dev/null")
        elif args["restart"]:
            moves.append(f"{command('restart', name)} >/dev/null")
        halted = bool((world.container.get("State") or {}).get("Paused")) and running
        if args["paused"] is not None and args["paused"] != halted:
            moves.append(f"{command('pause' if args['paused'] else 'unpause', name)} >/dev/null")
    if args["state"] == "stopped" and running:
        moves.append(_stop(args))
    return moves


def _stop(args: Mapping[str, Any]) -> str:
    if args["force_kill"]:
        signal = [f"--signal={args['kill_signal']}"] if args["kill_signal"] else []
        return f"{command('kill', *signal, args['name'])} >/dev/null"
    wait = [f"--time={args['stop_timeout']}"] if args["stop_timeout"] is not None else []
    return f"{command('stop', *wait, args['name'])} >/dev/null"


def _remove(args: Mapping[str, Any], world: World) -> list[str]:
    """One that goes by itself when it is stopped is gone already."""
    volumes = [] if args["keep_volumes"] else ["--volumes"]
    gone = f"{{ {command('container', 'inspect', args['name'])} >/dev/null 2>&1 || exit 0; }}"
    remove = f"{command('rm', '--force', *volumes, args['name'])} >/dev/null"
    return [*([_stop(args)] if world.running else []), f"({gone}\n{remove})"]


def _finish(args: Mapping[str, Any]) -> str:
    """What is told at the end; with detach=false first wait for the container's own."""
    name = quote(args["name"])
    look = f'look container container inspect {name} || :\nrm -f "$pb_dir/env.$pb_index"'
    if args["state"] == "healthy":
        seconds = int(args["healthy_wait_timeout"]) if args["healthy_wait_timeout"] > 0 else 10**9
        return f"{_HEALTHY.replace('NAME', name).replace('SECONDS', str(seconds))}\n{look}"
    if args["detach"] is False and args["state"] == "started":
        clean = f"\n{command('rm', '--force', args['name'])} >/dev/null" if args["cleanup"] else ""
        wait = (
            f'docker_code=$(dk wait {name}) || exit\npb_kv code "$docker_code"\npb_kv output "$(dk logs {name} 2>&1)"'
        )
        return f"{wait}\n{look}{clean}"
    return look


_HEALTHY: Final = r"""
docker_name=NAME docker_left=SECONDS
docker_ask='{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}'
while :; do
  docker_state=$(dk container inspect --format "$docker_ask" "$docker_name") || exit
  case $docker_state in
  healthy) break ;;
  starting) ;;
  *) pb_fail "Encountered unexpected state \"$docker_state\" while waiting for container \"$docker_name\"" ;;
  esac
  [ "$docker_left" -gt 0 ] || pb_fail "Timeout of SECONDS seconds exceeded while waiting for container \"$docker_name\""
  docker_left=$((docker_left - 1))
  sleep 1
done
"""


def _acted(call: Call, memo: Mapping[str, Any], reply: Reply) -> Outcome:
    container = docker.inspected(reply, "container")
    if "code" not in reply.values:
        return _done(call, True, memo["changes"], container)
    code, output = int(value(reply, "code") or 0), text(reply.values["output"])
    container = {**(container or {}), "Output": output}
    found = _done(call, True, memo["changes"], container, status=code)
    return Outcome(Status.FAILED, found.values, msg=output, diff=found.diff) if code else found


def _done(
    call: Call, changed: bool, changes: Mapping[str, Any], container: Mapping[str, Any] | None, **more: Any
) -> Outcome:
    diffs: tuple[Diff, ...] = ()
    if call.diff and changes:
        sides = [docker.shown([(name, pair[side]) for name, pair in sorted(changes.items())]) for side in (0, 1)]
        # Variables may be secrets.
        diffs = (Diff(sides[0], sides[1]),) if "env" not in changes else (_without_env(changes),)
    values = {**more, **({"container": dict(container)} if container else {})}
    return Outcome(Status.CHANGED if changed else Status.OK, values, diff=diffs)


def _without_env(changes: Mapping[str, Any]) -> Diff:
    kept = [(name, pair) for name, pair in sorted(changes.items()) if name != "env"]
    before, after = (docker.shown([(name, pair[side]) for name, pair in kept]) for side in (0, 1))
    return Diff(f"{before}env: as before\n", f"{after}env: as wanted\n")
