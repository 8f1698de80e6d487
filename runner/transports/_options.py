"""What is known about one ssh connection, from the target, its ssh arguments and the configuration files."""

from __future__ import annotations

import getpass
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from runner.errors import Unreachable
from runner.model.call import Target
from runner.model.quick import dataclass

Checking = Literal["yes", "accept-new", "no"]
Compression = Literal["auto", "yes", "no"]
ConfigLookup = Callable[[str, str | None], Mapping[str, Any]]

# Refused before anything is connected or spawned (CVE-2023-51385: they would reach a ProxyCommand's shell).
UNSAFE: Final = re.compile(r"[\s\x00-\x1f\x7f'\"`$\\;&<>|(){}]")
# ssh(1) options with an argument, and what they mean as -o options ("" = nothing to us).
WITH_ARGUMENT: Final[Mapping[str, str]] = {
    "o": "*", "i": "identityfile", "p": "port", "F": "configfile", "J": "proxyjump", "l": "user",
    "b": "bindaddress", "c": "", "m": "", "e": "", "D": "", "L": "", "R": "", "S": "", "E": "", "I": "", "W": "",
    "w": "", "B": "", "O": "", "Q": "", "P": "",
}  # fmt: skip
USER_KNOWN_HOSTS: Final = "~/.ssh/known_hosts ~/.ssh/known_hosts2"
GLOBAL_KNOWN_HOSTS: Final = "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"
DEFAULT_KEYS: Final = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")


@dataclass(frozen=True, slots=True)
class Settings:
    """One connection, decided. `key_name` is the name to look up in known_hosts; `identities` are key files in
    order, `named` of them given by the user (the rest are defaults that may be missing)."""

    host: str
    address: str
    port: int
    user: str
    key_name: str
    checking: Checking
    user_known_hosts: tuple[str, ...]
    global_known_hosts: tuple[str, ...]
    identities: tuple[str, ...]
    default_identities: tuple[str, ...] = ()
    identities_only: bool = False
    agent: str | None = None
    use_agent: bool = True
    methods: tuple[str, ...] = ("publickey", "password", "keyboard-interactive")
    proxy_command: str | None = None
    jumps: tuple[str, ...] = ()
    timeout_s: float = 10.0
    silence_s: float = 30.0
    family: str = "any"
    bind_address: str | None = None
    compression: Compression = "auto"


def parse_arguments(words: Sequence[str]) -> dict[str, list[str]]:
    """ssh's arguments (`-o X=Y`, `-i FILE`, `-J HOST` …) as lower-case option names with their values in order.

    Flags that mean nothing to a run (`-q`, `-T`, `-x` …) are passed over. Raises `Unreachable` on other words.
    """
    found: dict[str, list[str]] = {}
    queue = iter(words)
    for word in queue:
        if not word.startswith("-") or len(word) < 2:
            raise Unreachable(
                f"{word!r} is not an ssh option", "see ansible_ssh_common_args and ansible_ssh_extra_args"
            )
        for name, value in _flag(word, queue):
            found.setdefault(name, []).append(value)
    return found


def _flag(word: str, queue: Iterator[str]) -> Iterator[tuple[str, str]]:
    for position, letter in enumerate(word[1:], 1):
        if letter in "46":
            yield "addressfamily", {"4": "inet", "6": "inet6"}[letter]
        if letter == "C":
            yield "compression", "yes"
        if letter not in WITH_ARGUMENT:
            continue
        argument = word[position + 1 :] or next(queue, None)
        if argument is None:
            raise Unreachable(f"the ssh option -{letter} needs an argument")
        meaning = WITH_ARGUMENT[letter]
        if meaning == "*":
            yield _option(argument)
        elif meaning:
            yield meaning, argument
        return


def _option(text: str) -> tuple[str, str]:
    parts = re.split(r"\s*=\s*|\s+", text.strip(), maxsplit=1)
    if len(parts) != 2 or not parts[0]:
        raise Unreachable(f"the ssh option -o {text!r} has no value", "write -o Name=value")
    return parts[0].lower(), parts[1].strip('"')


def check_safe(what: str, value: str) -> str:
    """`value`, or `Unreachable` when a host or user name holds what could be taken for an option or for shell text."""
    if not value or value.startswith("-") or UNSAFE.search(value):
        raise Unreachable(f"the {what} {value!r} is not a valid name")
    return value


def settle(target: Target, lookup: ConfigLookup) -> Settings:
    """All options of a target. Order, first wins: ssh arguments, the target's own fields, configuration files.

    `lookup(alias, file)` gives the configuration's options (`file` None: the user's and the system's).
    """
    given = parse_arguments(target.ssh_args)
    alias = check_safe("host", target.address or target.host)
    file = given.get("configfile", [None])[0]
    config: dict[str, Any] = {} if file == "none" else dict(lookup(alias, file))

    def option(name: str, own: object = None, default: str = "") -> str:
        if name in given:
            return given[name][0]
        return str(own) if own is not None else str(config.get(name) or default)

    address = check_safe("host", _first(given, "hostname") or str(config.get("hostname") or alias)).strip("[]")
    named = option("user", target.user)
    user = check_safe("user", getpass.getuser() if not named and target.user is None else named)
    port = _port(option("port", target.port, "22"))
    timeout_s = _seconds(option("connecttimeout", None, str(target.connect_timeout_s)), target.connect_timeout_s)
    proxy, jumps = _proxy(given, config, address, port, user)
    settings = Settings(
        host=target.host,
        address=address,
        port=port,
        user=user,
        key_name=_key_name(option("hostkeyalias"), address, port),
        checking=_checking(option("stricthostkeychecking"), target.host_key_checking),
        user_known_hosts=_files(option("userknownhostsfile", None, USER_KNOWN_HOSTS)),
        global_known_hosts=_files(option("globalknownhostsfile", None, GLOBAL_KNOWN_HOSTS)),
        identities=(),
        proxy_command=proxy,
        jumps=jumps,
        timeout_s=timeout_s,
        silence_s=_silence(option("serveraliveinterval"), option("serveralivecountmax")),
        family=option("addressfamily", None, "any").lower(),
        bind_address=option("bindaddress") or None,
        compression=_compression(option("compression")),
    )
    return _credentials(settings, target, given, config, option)


def _credentials(
    settings: Settings,
    target: Target,
    given: Mapping[str, list[str]],
    config: Mapping[str, Any],
    option: Callable[..., str],
) -> Settings:
    named = [target.private_key_file] if target.private_key_file else []
    named += given.get("identityfile", [])
    listed = config.get("identityfile") or []
    named += [listed] if isinstance(listed, str) else list(listed)
    agent = option("identityagent")
    methods = option("preferredauthentications")
    off = {"password": "passwordauthentication", "publickey": "pubkeyauthentication"}
    allowed = tuple(methods.split(",")) if methods else settings.methods
    return replace(
        settings,
        identities=tuple(dict.fromkeys(_expand(name, settings) for name in named if name.lower() != "none")),
        default_identities=() if named else tuple(map(expanded, DEFAULT_KEYS)),
        identities_only=option("identitiesonly").lower() == "yes",
        agent=None if agent in ("", "SSH_AUTH_SOCK", "none") else _expand(agent, settings),
        use_agent=agent.lower() != "none",
        methods=tuple(name for name in allowed if option(off.get(name, "-")).lower() != "no"),
    )


def _first(given: Mapping[str, list[str]], name: str) -> str:
    return given.get(name, [""])[0]


def _key_name(alias: str, address: str, port: int) -> str:
    from runner.transports import _known_hosts

    return alias.lower() if alias else _known_hosts.lookup_name(address, port)


def _proxy(
    given: Mapping[str, list[str]], config: Mapping[str, Any], address: str, port: int, user: str
) -> tuple[str | None, tuple[str, ...]]:
    """ProxyJump or ProxyCommand: the command line before the files, and the first of both (ssh_config(5))."""
    for source in ({name: values[0] for name, values in given.items()}, config):
        jump, command = source.get("proxyjump"), source.get("proxycommand")
        if jump:
            return None, () if jump.lower() == "none" else tuple(part.strip() for part in jump.split(","))
        if "proxycommand" in source:
            if not command or command.lower() == "none":
                return None, ()
            return expand_tokens(command, {"h": address, "p": str(port), "r": user}), ()
    return None, ()


def expand_tokens(text: str, tokens: Mapping[str, str]) -> str:
    """`%h`, `%p`, `%r` … and `%%`; tokens that are not given stay as they are."""
    return re.sub(r"%(.)", lambda m: "%" if m[1] == "%" else tokens.get(m[1], m[0]), text)


def _expand(name: str, settings: Settings) -> str:
    if "%" in name:
        home, me = str(Path.home()), getpass.getuser()
        tokens = {"d": home, "h": settings.address, "r": settings.user, "u": me, "p": str(settings.port)}
        name = expand_tokens(name, tokens)
    return expanded(name)


def _files(text: str) -> tuple[str, ...]:
    return _paths(text, os.environ.get("HOME"))


@lru_cache(maxsize=256)
def _paths(text: str, home: str | None) -> tuple[str, ...]:
    """The files that a text names; the same few for all hosts."""
    return tuple(_path(word, home) for word in shlex.split(text) if word.lower() != "none")


def expanded(name: str) -> str:
    """A path whose `~` is replaced."""
    return _path(name, os.environ.get("HOME"))


@lru_cache(maxsize=256)
def _path(name: str, home: str | None) -> str:  # noqa: ARG001 - it says what ~ means
    return str(Path(name).expanduser())


def _checking(word: str, target_checks: bool) -> Checking:
    """`ask` is `yes` for a run that nobody watches; host_key_checking=False is what `no` means."""
    word = word.lower()
    if word in ("no", "off"):
        return "no"
    if word == "accept-new":
        return "accept-new"
    if word not in ("", "yes", "ask"):
        raise Unreachable(f"StrictHostKeyChecking={word} is not known", "write yes, ask, accept-new or no")
    return "yes" if target_checks else "no"


def _compression(word: str) -> Compression:
    """What ssh_config(5) says of Compression; where nobody says anything, the link decides."""
    return {"yes": "yes", "no": "no"}.get(word.lower(), "auto")  # type: ignore[return-value]


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Unreachable(f"{text!r} is not a port number")
    return int(text)


def _seconds(text: str, default: float) -> float:
    try:
        value = float(text)
    except ValueError:
        return default
    return value if value > 0 else default


def _silence(interval: str, count: str) -> float:
    """ServerAliveInterval x ServerAliveCountMax, when both make sense; 30 s otherwise. Never unbounded."""
    if not interval.isdecimal() or int(interval) == 0:
        return 30.0
    return float(int(interval) * (int(count) if count.isdecimal() and int(count) else 3))
