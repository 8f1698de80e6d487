"""What is doubtful about the definition of one variable, whatever reads it: a reserved name, a way to a host that is
none.

Source: https://docs.ansible.com/ansible/latest/reference_appendices/special_variables.html (connection variables)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner import registry
from runner.model.span import Problem, Span
from runner.model.values import Template

# Keywords of plays, blocks and tasks, and functions of templates: ansible-core warns of variables with these names.
RESERVED: Final = frozenset(
    """
    action always any_errors_fatal args async become become_exe become_flags become_method become_user block
    changed_when check_mode collections connection cycler debugger delay delegate_facts delegate_to dict diff
    environment fact_path failed_when force_handlers gather_facts gather_timeout handlers hosts ignore_errors
    ignore_unreachable joiner lipsum local_action lookup loop loop_control max_fail_percentage module_defaults name
    namespace no_log notify now omit order poll port post_tasks pre_tasks q query range register remote_user rescue
    retries roles run_once serial strategy tags tasks throttle timeout undef until vars_files vars_prompt when
    """.split()
)
_PLUG_INS: Final[Mapping[str, str]] = {"ansible_connection": "transports", "ansible_become_method": "become"}
_PORTS: Final = frozenset({"ansible_port", "ansible_ssh_port"})


def of_name(name: str, span: Span) -> Problem | None:
    """A warning when the name of a variable is reserved."""
    if name not in RESERVED:
        return None
    hint = "a keyword or a function has this name: choose another"
    return Problem(span, f"a variable with the reserved name {name!r}", hint, "warning")


def of_variable(name: str, value: Any, span: Span) -> Problem | None:
    """A warning when a variable has a reserved name, or names a way to a host that is none."""
    if isinstance(value, Template):
        return of_name(name, span)
    room = _PLUG_INS.get(name)
    if room and isinstance(value, str) and value and not registry.known(room, value):
        return Problem(span, registry.missing(room, value), UNUSABLE, "warning", word=value)
    if name in _PORTS and value is not None and not is_port(value):
        return Problem(span, f"{name}: {value!r} is not the number of a port", UNUSABLE, "warning", word=str(value))
    return of_name(name, span)


UNUSABLE: Final = "tasks that use it fail"


def is_port(value: Any) -> bool:
    """Whether a value is a port's number, as a number or as text; templates may become one."""
    if isinstance(value, Template):
        return True
    return not isinstance(value, bool) and str(value).strip().isdecimal() and 0 < int(str(value)) < 65536
