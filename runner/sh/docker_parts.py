"""The settings of a container that need reading: ports, volumes, mounts, environment, health, limits, command.

Each part is what a task asks for, what a container has, both in one form, and the words of `docker create` for it:
https://docs.docker.com/reference/cli/docker/container/create/.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

from runner.errors import StepError
from runner.model.quick import dataclass
from runner.sh import docker, dumping

_PORT: Final = re.compile(r"(?:(?:(\[[0-9A-Fa-f:]+\]|[0-9.]+):)?([0-9]*(?:-[0-9]+)?):)?([0-9]+(?:-[0-9]+)?)(?:/(\w+))?")
_MODES: Final = frozenset(
    "rw ro z Z consistent delegated cached shared slave private rshared rslave rprivate nocopy".split()
)
_MOUNT: Final = {
    "source": "source",
    "target": "target",
    "propagation": "bind-propagation",
    "consistency": "consistency",
    "tmpfs_size": "tmpfs-size",
    "tmpfs_mode": "tmpfs-mode",
    "volume_driver": "volume-driver",
}
_HEALTH: Final = {
    "interval": ("--health-interval", "Interval"),
    "timeout": ("--health-timeout", "Timeout"),
    "start_period": ("--health-start-period", "StartPeriod"),
    "start_interval": ("--health-start-interval", "StartInterval"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A setting: how it is compared, what is asked for and what is there, and the words for it."""

    kind: str
    wanted: Any
    found: Any
    words: tuple[str, ...]


def _range(text: str) -> list[str]:
    if not re.fullmatch("[0-9]{1,5}(?:-[0-9]{1,5})?", text):
        raise StepError(f"{text!r} is no port and no range of ports")
    first, dash, last = text.partition("-")
    return [str(port) for port in range(int(first), int(last) + 1)] if dash else [first]


def published(given: Sequence[str], host_ip: str) -> list[str]:
    """Ports as `ip:port:port/protocol`, one by one. Raises StepError for what is none."""
    found = []
    for one in given:
        told = _PORT.fullmatch(str(one))
        if not told:
            raise StepError(f"published_ports: {one!r} is no port")
        inside = _range(told[3])
        outside = _range(told[2]) if told[2] else [""] * len(inside)
        if len(outside) == 1 < len(inside) or len(inside) == 1 < len(outside):
            raise StepError(f"published_ports: {one!r} has ranges of two lengths")
        ip = (told[1] or host_ip).strip("[]")
        for port, to in zip(outside, inside, strict=True):
            found.append(f"{_any(ip)}:{port}:{to}/{told[4] or 'tcp'}")
    return found


def _any(ip: str) -> str:
    return "" if ip in ("0.0.0.0", "") else ip


def _bound(container: Mapping[str, Any]) -> list[str]:
    bindings = container["HostConfig"].get("PortBindings") or {}
    return [
        f"{_any(one.get('HostIp') or '')}:{one.get('HostPort') or ''}:{port}"
        for port, places in bindings.items()
        for one in places or []
    ]


def ports(given: Sequence[str], host_ip: str, container: Mapping[str, Any]) -> Part:
    """Ports that the host passes on."""
    wanted = published([one for one in given if one != "all"], host_ip)
    words = []
    for one in wanted:
        ip, port, inside = one.rsplit(":", 2)
        words.append(
            f"--publish={f'[{ip}]' if ':' in ip else ip}{':' if ip else ''}{port}{':' if port or ip else ''}{inside}"
        )
    return Part("set", wanted, _bound(container) if container else [], tuple(words))


def exposed(given: Sequence[str], container: Mapping[str, Any]) -> Part:
    """Ports that others in its networks may use."""
    wanted = [
        f"{port}/{kind or 'tcp'}"
        for one in given
        for span, _, kind in [str(one).partition("/")]
        for port in _range(span)
    ]
    return Part(
        "set",
        wanted,
        list(container.get("Config", {}).get("ExposedPorts") or {}),
        tuple(f"--expose={one}" for one in wanted),
    )


def _volume(text: str, home: str) -> tuple[str, str, tuple[str, ...]]:
    parts = text.split(":")
    if len(parts) == 1:
        return "", parts[0], ()
    source, target, modes = parts[0], parts[1], parts[2].split(",") if len(parts) > 2 else []
    if len(parts) > 3 or not set(modes) <= _MODES:
        raise StepError(f"volumes: {text!r} is no volume (source:target:mode)")
    if source == "~" or source.startswith("~/"):
        source = home + source[1:]
    elif source.startswith("."):
        raise StepError(f"volumes: {source!r} is no absolute path, and there is no folder that it is relative to")
    return source, target, tuple(sorted({*modes} - {"rw"}))


def volumes(given: Sequence[str], home: str, container: Mapping[str, Any]) -> Part:
    """Folders of the host, volumes by name, and volumes without a name."""
    read = [_volume(one, home) for one in given]
    wanted = [_bind(*one) for one in read]
    binds = (container.get("HostConfig") or {}).get("Binds") or []
    unnamed = (container.get("Config") or {}).get("Volumes") or {}
    found = [_bind(*_volume(one, home)) for one in binds] + list(unnamed)
    return Part("set", wanted, found, tuple(f"--volume={one}" for one in wanted))


def _bind(source: str, target: str, modes: tuple[str, ...]) -> str:
    return ":".join(filter(None, (source, target.rstrip("/") or "/", ",".join(modes))))


def mounts(given: Sequence[Mapping[str, Any]], container: Mapping[str, Any]) -> Part:
    """Mounts in the long form."""
    wanted, words = [], []
    for one in given:
        kind = one.get("type") or "volume"
        about = {"Type": kind, "Source": one.get("source") or "", "Target": one.get("target") or ""}
        wanted.append({**about, "ReadOnly": bool(one.get("read_only"))})
        fields = [f"type={kind}"]
        fields += [f"{word}={one[key]}" for key, word in _MOUNT.items() if one.get(key) is not None]
        fields += ["readonly"] if one.get("read_only") else []
        fields += ["volume-nocopy"] if one.get("no_copy") else []
        fields += [f"volume-label={key}={text}" for key, text in (one.get("labels") or {}).items()]
        fields += [f"volume-opt={key}={text}" for key, text in (one.get("volume_options") or {}).items()]
        words.append("--mount=" + ",".join(_field(field) for field in fields))
    there = (container.get("HostConfig") or {}).get("Mounts") or []
    keys = ("Type", "Source", "Target", "ReadOnly")
    found = [{key: one.get(key) or (False if key == "ReadOnly" else "") for key in keys} for one in there]
    return Part("set", wanted, found, tuple(words))


def _field(text: str) -> str:
    """A field of CSV."""
    return '"' + text.replace('"', '""') + '"' if re.search('[",\n]', text) else text


def environment(given: Mapping[str, Any], container: Mapping[str, Any]) -> Part:
    """Variables. They travel in a private file, so that there are no words. Raises StepError for what is none."""
    for key, one in given.items():
        if not isinstance(one, str):
            raise StepError(
                f"Non-string value found for env option. Ambiguous env options must be wrapped in quotes to "
                f"avoid them being interpreted. Key: {key}"
            )
        if not re.fullmatch(r"[^\s=#][^\s=]*", str(key)):
            raise StepError(f"env: {key!r} is no name of a variable")
    found = dict(one.split("=", 1) for one in (container.get("Config") or {}).get("Env") or [] if "=" in one)
    return Part("dict", dict(given), found, ())


def env_file(content: str) -> dict[str, str]:
    """The variables of a file: a name and its text on each line."""
    lines = (line.strip() for line in content.splitlines())
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def command(args: Mapping[str, Any], image: Mapping[str, Any], container: Mapping[str, Any]) -> Part | None:
    """Entrypoint and command, which are one list to the container. None: the image's own."""
    asked, entry = args["command"], args["entrypoint"]
    words = None if asked is None else _words(asked)
    if words is None and entry is None:
        return None
    config = container.get("Config") or {}
    now = [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
    own = (image.get("Config") or {}).get("Entrypoint") or []
    wanted = [*(own if entry is None else entry), *(words or [])]
    flag = (f"--entrypoint={entry[0] if entry else ''}",) if entry is not None else ()
    return Part("list", wanted, now, flag)


def _words(asked: Any) -> list[str]:
    return list(dumping.words(asked)) if isinstance(asked, str) else [str(word) for word in asked]


def tail(args: Mapping[str, Any]) -> list[str]:
    """What stands behind the image in `docker create`."""
    return [*(args["entrypoint"] or [])[1:], *_words(args["command"] or [])]


def health(given: Mapping[str, Any], container: Mapping[str, Any]) -> Part:
    """How it is seen that it works. A test of words runs in its shell, as the docker command has no other way."""
    there = (container.get("Config") or {}).get("Healthcheck") or {}
    test = given.get("test")
    words: list[str] = []
    wanted: dict[str, Any] = {}
    found: dict[str, Any] = {}
    if test is not None:
        wanted["test"], found["test"] = _test(test), _test(there.get("Test") or [])
        words.append("--no-healthcheck" if wanted["test"] == "NONE" else f"--health-cmd={wanted['test']}")
    for key, (flag, place) in _HEALTH.items():
        if given.get(key) is not None and wanted.get("test") != "NONE":
            wanted[key], found[key] = docker.duration(given[key]), there.get(place) or 0
            words.append(f"{flag}={wanted[key]}ns")
    if given.get("retries") is not None and wanted.get("test") != "NONE":
        if not re.fullmatch("[0-9]+", str(given["retries"])):
            raise StepError(f"healthcheck: retries is no number: {given['retries']!r}")
        wanted["retries"], found["retries"] = int(given["retries"]), there.get("Retries") or 0
        words.append(f"--health-retries={wanted['retries']}")
    return Part("value", wanted, found, tuple(words))


def _test(given: Any) -> str:
    if isinstance(given, str):
        return given
    words = [str(word) for word in given]
    if words[:1] == ["NONE"]:
        return "NONE"
    return words[1] if words[:1] == ["CMD-SHELL"] and len(words) > 1 else shlex.join(words[1:])


def ulimits(given: Sequence[str], container: Mapping[str, Any]) -> Part:
    """Limits: `nofile:1024:2048`."""
    wanted = []
    for one in given:
        parts = str(one).split(":")
        if len(parts) not in (2, 3) or not all(re.fullmatch("-?[0-9]+", part) for part in parts[1:]):
            raise StepError(f"ulimits: {one!r} is no limit (name:soft:hard)")
        wanted.append(f"{parts[0]}={parts[1]}:{parts[-1]}")
    there = (container.get("HostConfig") or {}).get("Ulimits") or []
    found = [f"{one['Name']}={one['Soft']}:{one['Hard']}" for one in there]
    return Part("set", wanted, found, tuple(f"--ulimit={one}" for one in wanted))


def devices(given: Sequence[str], container: Mapping[str, Any]) -> Part:
    """Devices of the host: `/dev/a:/dev/b:rwm`."""
    wanted = []
    for one in given:
        parts = one.split(":")
        wanted.append(
            ":".join([parts[0], parts[1] if len(parts) > 1 else parts[0], parts[2] if len(parts) > 2 else "rwm"])
        )
    there = (container.get("HostConfig") or {}).get("Devices") or []
    found = [f"{one['PathOnHost']}:{one['PathInContainer']}:{one['CgroupPermissions']}" for one in there]
    return Part("set", wanted, found, tuple(f"--device={one}" for one in wanted))


def tmpfs(given: Sequence[str], container: Mapping[str, Any]) -> Part:
    """Folders in memory: `/run:size=1m`."""
    wanted = {target: options for target, _, options in (one.partition(":") for one in given)}
    words = tuple(f"--tmpfs={target}{':' if options else ''}{options}" for target, options in wanted.items())
    return Part("dict", wanted, (container.get("HostConfig") or {}).get("Tmpfs") or {}, words)


def hosts(given: Mapping[str, Any], container: Mapping[str, Any]) -> Part:
    """Lines of its /etc/hosts."""
    wanted = [f"{name}:{address}" for name, address in given.items()]
    found = (container.get("HostConfig") or {}).get("ExtraHosts") or []
    return Part("set", wanted, found, tuple(f"--add-host={one}" for one in wanted))


def links(given: Sequence[str], container: Mapping[str, Any]) -> Part:
    """Other containers by another name: `db:database`."""
    wanted = [one if ":" in one else f"{one}:{one}" for one in given]
    there = (container.get("HostConfig") or {}).get("Links") or []
    found = [f"{a.lstrip('/')}:{b.rpartition('/')[2]}" for a, _, b in (one.partition(":") for one in there)]
    return Part("set", wanted, found, tuple(f"--link={one}" for one in wanted))


def restart(policy: str, retries: int | None, container: Mapping[str, Any]) -> Part:
    """When it is started again."""
    there = (container.get("HostConfig") or {}).get("RestartPolicy") or {}
    count = retries or 0 if policy == "on-failure" else 0
    wanted = (policy, count)
    found = (there.get("Name") or "no", there.get("MaximumRetryCount") or 0)
    return Part("value", wanted, found, (f"--restart={policy}{f':{count}' if count else ''}",))
