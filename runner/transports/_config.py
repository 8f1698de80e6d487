"""OpenSSH client configuration files: Include expanded, `Match exec` never run, looked up through paramiko."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from runner.errors import Unreachable
from runner.model.quick import dataclass

if TYPE_CHECKING:
    from paramiko import SSHConfig

INCLUDE_DEPTH: Final = 16  # READCONF_MAX_DEPTH of OpenSSH
_KEYWORD = re.compile(r"^\s*(?P<key>\w+)(?:\s+|\s*=\s*)(?P<value>.*?)\s*$")
_EXEC = re.compile(r"(^|\s|!)exec(\s|=|$)", re.IGNORECASE)

SYSTEM_CONFIG: Final = "/etc/ssh/ssh_config"
ANY: Final = "any.invalid"  # a host that nobody has (RFC 2606)


@dataclass(frozen=True, slots=True)
class Configuration:
    """A parsed file. `common`: what it says of every host, or None if it tells hosts apart."""

    parsed: SSHConfig
    common: Mapping[str, Any] | None


def load(path: str, *, must_exist: bool) -> Configuration | None:
    """A parsed file, or None when it does not exist and need not. Raises `Unreachable` when it cannot be used."""
    from paramiko import SSHConfig
    from paramiko.ssh_exception import ConfigParseError

    if not Path(path).exists() and not must_exist:
        return None
    lines = _lines(path, 0)
    try:
        parsed = SSHConfig.from_text("\n".join(lines))
        return Configuration(parsed, _of_all(parsed) if _is_for_all(lines) else None)
    except (ConfigParseError, ValueError, IndexError) as error:
        raise Unreachable(f"{path} is not a valid ssh configuration: {error}") from None


def options(config: Configuration, host: str) -> dict[str, Any]:
    """What a file says about `host`: lower-case keywords; values are text, IdentityFile is a list of texts."""
    return dict(config.parsed.lookup(host) if config.common is None else config.common)


def _is_for_all(lines: Sequence[str]) -> bool:
    """Whether a file says the same of each host, as the system's mostly does: looking it up for thousands is dear."""
    for match in filter(None, map(_KEYWORD.match, lines)):
        keyword, value = match["key"].lower(), match["value"]
        if "%" in value or keyword in ("match", "canonicalizehostname") or (keyword == "host" and value != "*"):
            return False
    return True


def _of_all(parsed: SSHConfig) -> dict[str, Any]:
    """What is said of any host; its name, which a lookup adds, is none of it."""
    found = dict(parsed.lookup(ANY))
    if found.get("hostname") == ANY:
        del found["hostname"]
    return found


def _lines(path: str, depth: int) -> list[str]:
    if depth > INCLUDE_DEPTH:
        raise Unreachable(f"{path}: too many nested Include lines in the ssh configuration")
    try:
        text = Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise Unreachable(f"cannot read the ssh configuration {path}: {error.strerror}") from None
    lines: list[str] = []
    for line in text.splitlines():
        match = _KEYWORD.match(line)
        keyword = match["key"].lower() if match else ""
        if match and keyword == "include":
            for name in _included(match["value"], path):
                lines.extend(_lines(name, depth + 1))
        elif match and keyword == "match" and _EXEC.search(match["value"]):
            # A program chosen by text from an inventory is not run (CVE-2023-51385): the block never matches.
            lines.append("Host !*")
        else:
            lines.append(line)
    return lines


def _included(value: str, path: str) -> list[str]:
    """Relative names are below ~/.ssh, or /etc/ssh for the system's file (ssh_config(5), Include)."""
    base = Path("/etc/ssh") if path.startswith("/etc/ssh/") else Path("~/.ssh").expanduser()
    names: list[str] = []
    for word in value.replace('"', " ").split():
        pattern = str(base / Path(word).expanduser())
        names.extend(sorted(glob.glob(pattern)))  # noqa: PTH207 - the pattern is absolute
    return names
