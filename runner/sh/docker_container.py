"""A container as a task wants it, compared with what there is, and the docker commands that lie between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from runner.errors import StepError
from runner.model.quick import dataclass
from runner.sh import docker, docker_parts
from runner.sh.docker import command
from runner.sh.docker_parts import Part
from runner.sh.docker_settings import SETTINGS
from runner.sh.encode import printf_word
from runner.sh.quote import quote

METHODS: Final = ("strict", "ignore", "allow_more_present")
_COMPARED: Final = (
    "command entrypoint env etc_hosts exposed_ports healthcheck image links mounts network_mode networks "
    "published_ports restart_policy tmpfs ulimits devices volumes"
).split()
_ALIASES: Final = {
    "ports": "published_ports",
    "exposed": "exposed_ports",
    "expose": "exposed_ports",
    "log_opt": "log_options",
}


@dataclass(frozen=True, slots=True)
class World:
    """What the host told: `container` and `image` as inspected ({} if there is none), its login's home folder, the
    text of env_file, and the ID of the container whose network is used."""

    container: Mapping[str, Any]
    image: Mapping[str, Any]
    home: str = ""
    env_file: str = ""
    network_of: str = ""

    @property
    def running(self) -> bool:
        """Whether the container runs."""
        return bool((self.container.get("State") or {}).get("Running"))


def methods(given: Mapping[str, Any]) -> dict[str, str]:
    """How each setting is compared, where a task says so. Raises StepError for an unknown name or way."""
    known = {*SETTINGS, *_COMPARED}
    found: dict[str, str] = {}
    for word, method in given.items():
        name = _ALIASES.get(word, word)
        if method not in METHODS:
            raise StepError(f"Unknown comparison mode '{method}'!")
        if word == "*":
            if method == "allow_more_present":
                raise StepError("The wildcard can only be used with comparison modes 'strict' and 'ignore'!")
            found = dict.fromkeys(known - {"networks"}, method) | found
        elif name not in known:
            raise StepError(f"Unknown module option '{word}' in comparisons dict!")
        else:
            found[name] = method
    return found


def network_mode(args: Mapping[str, Any]) -> str | None:
    """The network that it is made with: as the docker command, the first of its networks if nothing else is said."""
    if args["network_mode"] is None and args["networks"] and args["networks_cli_compatible"]:
        return str(args["networks"][0]["name"])
    return None if args["network_mode"] is None else str(args["network_mode"])


def parts(args: Mapping[str, Any], world: World) -> dict[str, Part]:
    """All that the task says of the container, by the name of its option."""
    now = world.container
    found: dict[str, Part] = {}
    for name, setting in SETTINGS.items():
        if args[name] is not None:
            wanted = setting.wanted(args[name])
            found[name] = Part(setting.kind, wanted, setting.found(now) if now else None, tuple(setting.words(wanted)))
    readers: dict[str, Callable[[Any], Part]] = {
        "published_ports": lambda given: docker_parts.ports(given, args["default_host_ip"] or "", now),
        "volumes": lambda given: docker_parts.volumes(given, world.home, now),
        **{name: _reader(name, now) for name in _READERS},
    }
    found |= {name: read(args[name]) for name, read in readers.items() if args[name] is not None}
    if args["restart_policy"] is not None:
        found["restart_policy"] = docker_parts.restart(args["restart_policy"], args["restart_retries"], now)
    if args["env"] is not None or args["env_file"]:
        named = {**docker_parts.env_file(world.env_file), **(args["env"] or {})}
        found["env"] = docker_parts.environment(named, now)
    if (said := docker_parts.command(args, world.image, now)) is not None:
        found["command"] = said
    if (mode := network_mode(args)) is not None:
        found["network_mode"] = _mode(mode, world)
    return found


_READERS: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], Part]]] = {
    "exposed_ports": docker_parts.exposed,
    "mounts": docker_parts.mounts,
    "healthcheck": docker_parts.health,
    "ulimits": docker_parts.ulimits,
    "devices": docker_parts.devices,
    "tmpfs": docker_parts.tmpfs,
    "etc_hosts": docker_parts.hosts,
    "links": docker_parts.links,
}


def _reader(name: str, now: Mapping[str, Any]) -> Callable[[Any], Part]:
    return lambda given: _READERS[name](given, now)


def _mode(wanted: str, world: World) -> Part:
    words = (f"--network={wanted}",)
    if wanted.startswith("container:") and world.network_of:
        wanted = f"container:{world.network_of}"
    now = str((world.container.get("HostConfig") or {}).get("NetworkMode") or "")
    plain = {"default": "bridge", "": "bridge"}
    return Part("value", plain.get(wanted, wanted), plain.get(now, now), words)


def differences(args: Mapping[str, Any], world: World) -> dict[str, tuple[Any, Any]]:
    """What is not as wanted: option → (there, wanted)."""
    how = methods(args["comparisons"] or {})
    found: dict[str, tuple[Any, Any]] = {}
    for name, part in parts(args, world).items():
        usual = "strict" if part.kind in ("value", "list") else "allow_more_present"
        if not docker.fits(part.wanted, part.found, part.kind, how.get(name, usual)):
            found[name] = (part.found, part.wanted)
    return found


def image_differs(args: Mapping[str, Any], world: World) -> bool:
    """Whether the container was made from another image."""
    if not args["image"] or methods(args["comparisons"] or {}).get("image") == "ignore":
        return False
    if not world.image:
        return bool(args["image"] != world.container.get("Image"))
    named = str((world.container.get("Config") or {}).get("Image") or "")
    other = args["image_name_mismatch"] == "recreate" and _tagged(named) != _tagged(args["image"])
    return bool(world.image.get("Id") != world.container.get("Image")) or other


def _tagged(name: str) -> str:
    last = name.rpartition("/")[2]
    return name if ":" in last or "@" in name else f"{name}:latest"


def create(args: Mapping[str, Any], world: World) -> list[str]:
    """The shell commands that make it, and put it into its networks. Variables stay in a private file."""
    said = parts(args, world)
    words = ["create", f"--name={args['name']}"]
    for part in said.values():
        words += part.words
    words += [f"--platform={args['platform']}"] if args["platform"] else []
    first = _first(args)
    words += _joining(first, {"ip": "--ip", "ip6": "--ip6", "alias": "--network-alias"}) if first else []
    named = said["env"].wanted if "env" in said else {}
    environment, flags = _environment(named)
    text = "dk " + " ".join(
        [*map(quote, words), *flags, "--", quote(args["image"]), *map(quote, docker_parts.tail(args))]
    )
    rest = [one for one in args["networks"] or [] if one is not first]
    return [f"{environment}{text} >/dev/null", *(connect(args["name"], one) for one in rest)]


def _first(args: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The network whose settings belong to `docker create`."""
    mode = network_mode(args)
    found: Mapping[str, Any] | None = next((one for one in args["networks"] or [] if one["name"] == mode), None)
    return found


def _joining(network: Mapping[str, Any], flags: Mapping[str, str]) -> list[str]:
    words = [f"{flags['ip']}={network['ipv4_address']}"] if network.get("ipv4_address") else []
    words += [f"{flags['ip6']}={network['ipv6_address']}"] if network.get("ipv6_address") else []
    return words + [f"{flags['alias']}={alias}" for alias in network.get("aliases") or []]


def connect(name: str, network: Mapping[str, Any]) -> str:
    """The command that puts it into a network."""
    words = _joining(network, {"ip": "--ip", "ip6": "--ip6", "alias": "--alias"})
    words += [f"--link={one}" for one in network.get("links") or []]
    words += [f"--driver-opt={key}={one}" for key, one in (network.get("driver_opts") or {}).items()]
    return command("network", "connect", *words, docker.name(str(network["name"])), name)


def _environment(variables: Mapping[str, str]) -> tuple[str, list[str]]:
    """A private file with them, and the flags; a value with line breaks goes through docker's own environment."""
    if not variables:
        return "", []
    plain = [f"{name}={one}\n" for name, one in variables.items() if "\n" not in one]
    long = {name: one for name, one in variables.items() if "\n" in one}
    for name in long:
        if not name.isidentifier() or name.startswith("pb_"):
            raise StepError(f"env: {name!r} cannot have line breaks in its value")
    word = printf_word("".join(plain).encode("utf-8", "surrogateescape"))
    export = "".join(f"export {name}={quote(one)}\n" for name, one in long.items())
    file = f'docker_env=$pb_dir/env.$pb_index\n(umask 077; printf {word} >"$docker_env") || exit\n{export}'
    return file, ['--env-file="$docker_env"', *(f"--env={name}" for name in long)]


def networks(args: Mapping[str, Any], world: World) -> list[tuple[str, str]]:
    """The changes of its networks: a command, and the network's name."""
    now = (world.container.get("NetworkSettings") or {}).get("Networks") or {}
    name, changes = args["name"], []
    how = methods(args["comparisons"] or {}).get("networks")
    wanted = [] if how == "ignore" else args["networks"] or []
    for one in wanted:
        there = now.get(one["name"])
        if there is not None and not _other(one, there):
            continue
        leave = f"{command('network', 'disconnect', one['name'], name)} || exit\n" if there is not None else ""
        changes.append((leave + connect(name, one), one["name"]))
    if args["networks"] is not None and (args["purge_networks"] or how == "strict"):
        kept = {one["name"] for one in args["networks"]}
        changes += [(command("network", "disconnect", one, name), one) for one in now if one not in kept]
    return changes


def _other(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    asked = there.get("IPAMConfig") or {}
    pairs = [("ipv4_address", "IPv4Address"), ("ipv6_address", "IPv6Address")]
    wrong = any(wanted.get(key) and wanted[key] != (asked.get(place) or None) for key, place in pairs)
    return wrong or not set(wanted.get("aliases") or []) <= set(there.get("Aliases") or [])


def update(args: Mapping[str, Any], world: World, names: Mapping[str, Any]) -> str:
    """The command that changes a container that is there."""
    said = parts(args, world)
    words = [word for name in names for word in said[name].words]
    return command("update", *words, args["name"])


def can_update(name: str) -> bool:
    """Whether `docker update` changes this setting."""
    return name == "restart_policy" or (name in SETTINGS and SETTINGS[name].update)
