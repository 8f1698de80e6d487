"""What a plan hangs on before any host is asked: files that were read, variables of inventory and command line."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from runner.model.inventory import Inventory
from runner.model.values import Secret


def relative(files: Mapping[str, str], cwd: str) -> dict[str, str]:
    """The files by their path from `cwd` where they lie below it, so that a plan may be applied in another checkout."""
    return {name.removeprefix(f"{cwd}/"): digest for name, digest in sorted(files.items())}


def variables(inventory: Inventory, extra: Mapping[str, Any], seal: bytes) -> dict[str, dict[str, str]]:
    """A keyed digest of each variable, by who has it. Those of files have the files' digests, too; those of scripts
    have only these. The groups of a host count as a variable of it."""

    def told(values: Mapping[str, Any]) -> dict[str, str]:
        return {name: digest(seal, value) for name, value in sorted(values.items())}

    # Where the inventory lies may differ from checkout to checkout, and shows in arguments if it matters.
    ours = {"inventory_dir", "inventory_file"}
    found = {f"group {name}": told(group.vars) for name, group in inventory.groups.items() if group.vars}
    for name, host in inventory.hosts.items():
        found[f"host {name}"] = told(
            {**{key: value for key, value in host.vars.items() if key not in ours}, "(its groups)": list(host.groups)}
        )
    if extra:
        found["the command line"] = told(extra)
    return found


def digest(seal: bytes, value: Any) -> str:
    """A keyed digest of a value, the same for equal ones."""
    return hmac.new(seal, _text(value).encode("utf-8", "surrogateescape"), sha256).hexdigest()[:32]


def _text(value: Any) -> str:
    """A value as text that is the same for equal values; a secret is revealed to the digest alone."""
    if isinstance(value, Secret):
        return f"secret {value.reveal()}"
    if isinstance(value, Mapping):
        return "{" + ",".join(sorted(f"{name!r}:{_text(part)}" for name, part in value.items())) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    return f"{type(value).__name__} {value!s}"
