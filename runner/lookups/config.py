"""Lookup `config`: settings of Ansible that playbooks ask for, as this runner has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option
from runner.errors import StepError
from runner.lookups._options import read_options, texts
from runner.model.names import Names
from runner.model.ports import LookupContext
from runner.registry import nearest

OPTIONS: Final = {
    "on_missing": Option(default="error", choices=("error", "skip", "warn"), aliases=("missing",)),
    "show_origin": Option("bool", default=False),
}
# The variable that says a setting for one step, if there is one, and what holds otherwise.
SETTINGS: Final[Mapping[str, tuple[str | None, Any]]] = {
    "ANSIBLE_HOME": (None, "~/.ansible"),
    "DEFAULT_BECOME": ("ansible_become", False),
    "DEFAULT_BECOME_METHOD": ("ansible_become_method", "sudo"),
    "DEFAULT_BECOME_USER": ("ansible_become_user", "root"),
    "DEFAULT_FORKS": ("ansible_forks", 50),
    "DEFAULT_HASH_BEHAVIOUR": (None, "replace"),
    "DEFAULT_MANAGED_STR": ("ansible_managed", "Ansible managed"),
    "DEFAULT_REMOTE_USER": ("ansible_user", None),
    "DEFAULT_ROLES_PATH": (None, ["~/.ansible/roles", "/usr/share/ansible/roles", "/etc/ansible/roles"]),
    "DEFAULT_STRATEGY": (None, "linear"),
    "DEFAULT_TIMEOUT": ("ansible_timeout", 10),
    "HOST_KEY_CHECKING": ("ansible_host_key_checking", True),
    "RETRY_FILES_ENABLED": (None, False),
}


def run(terms: list[Any], variables: Names, options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """Each setting's value, with `show_origin` as `[value, origin]`. An unknown one raises StepError unless
    `on_missing` says to leave it out."""
    wanted = read_options(OPTIONS, options)
    found: list[Any] = []
    for name in texts(terms):
        if name not in SETTINGS:
            if wanted["on_missing"] == "error":
                hint = nearest(name, SETTINGS)
                raise StepError(f"there is no setting {name!r}" + (f" ({hint})" if hint else ""))
            continue
        variable, value = SETTINGS[name]
        origin = "default"
        if variable is not None and variable in set(variables.known()):
            value, origin = context.render(variables.raw(variable)), f"var: {variable}"
        found.append([value, origin] if wanted["show_origin"] else value)
    return found
