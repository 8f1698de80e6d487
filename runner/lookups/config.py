"""Lookup `config`: settings of Ansible that playbooks ask for, as this runner has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option
from runner.errors import StepError
from runner.lookups._options import read_options, texts
from runner.model.names import Names
from runner.model.ports import LookupContext
from runner.model.settings import Row, used_rows
from runner.registry import nearest

OPTIONS: Final = {
    "on_missing": Option(default="error", choices=("error", "skip", "warn"), aliases=("missing",)),
    "show_origin": Option("bool", default=False),
}
# The variable that says a setting for one step.
VARIABLES: Final[Mapping[str, str]] = {
    "DEFAULT_BECOME": "ansible_become",
    "DEFAULT_BECOME_METHOD": "ansible_become_method",
    "DEFAULT_BECOME_USER": "ansible_become_user",
    "DEFAULT_FORKS": "ansible_forks",
    "DEFAULT_MANAGED_STR": "ansible_managed",
    "DEFAULT_REMOTE_USER": "ansible_user",
    "DEFAULT_TIMEOUT": "ansible_timeout",
    "HOST_KEY_CHECKING": "ansible_host_key_checking",
}
# What Ansible has and nothing here depends on.
FIXED: Final[Mapping[str, Any]] = {
    "ANSIBLE_HOME": "~/.ansible",
    "DEFAULT_HASH_BEHAVIOUR": "replace",
    "RETRY_FILES_ENABLED": False,
}


def run(terms: list[Any], variables: Names, options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """Each setting's value, with `show_origin` as `[value, origin]`. An unknown one raises StepError unless
    `on_missing` says to leave it out."""
    wanted = read_options(OPTIONS, options)
    found: list[Any] = []
    rows = {row.ansible: row for row in used_rows() if row.ansible}
    for name in texts(terms):
        if name not in FIXED and name not in rows:
            if wanted["on_missing"] == "error":
                hint = nearest(name, [*FIXED, *rows])
                raise StepError(f"there is no setting {name!r}" + (f" ({hint})" if hint else ""))
            continue
        value, origin = _held(context, rows[name]) if name in rows else (FIXED[name], "default")
        variable = VARIABLES.get(name)
        if variable is not None and variable in set(variables.known()):
            value, origin = context.render(variables.raw(variable)), f"var: {variable}"
        found.append([value, origin] if wanted["show_origin"] else value)
    return found


def _held(context: LookupContext, row: Row) -> tuple[Any, str]:
    value = getattr(context.settings, row.name)
    return list(value) if isinstance(value, tuple) else value, context.settings.origins.get(row.name, "default")
