"""Every keyword of plays, blocks, tasks, handlers, roles, loop_control and import_playbook: where it may stand, and
what it holds.

Source: https://docs.ansible.com/ansible/latest/reference_appendices/playbooks_keywords.html, and of our own
`needs`, `resume` and `stream`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Where = Literal["play", "block", "task", "handler", "role", "loop_control", "import_playbook", "include"]
Kind = Literal[
    "any", "bool", "conditions", "dict", "dicts", "int", "list", "nodes", "number", "str", "text", "vars", "words"
]


class Keyword(NamedTuple):
    """`kind` is what it holds: `words` is text or a list of texts, `text` is text that cannot be a template, `dicts`
    a table or a list of tables."""

    kind: Kind
    where: frozenset[str]


def _keyword(kind: Kind, where: str) -> Keyword:
    return Keyword(kind, frozenset(where.split()))


_ALL: Final = "play block task handler role"
_INNER: Final = "block task handler role"
_TASKS: Final = "task handler"

KEYWORDS: Final[Mapping[str, Keyword]] = {
    # everywhere
    "name": _keyword("str", f"{_ALL} import_playbook include"),
    "any_errors_fatal": _keyword("bool", _ALL),
    "become": _keyword("bool", _ALL),
    "become_exe": _keyword("str", _ALL),
    "become_flags": _keyword("str", _ALL),
    "become_method": _keyword("str", _ALL),
    "become_user": _keyword("str", _ALL),
    "check_mode": _keyword("bool", _ALL),
    "collections": _keyword("words", f"{_ALL} include"),
    "connection": _keyword("str", _ALL),
    "debugger": _keyword("str", f"{_ALL} include"),
    "diff": _keyword("bool", _ALL),
    "environment": _keyword("dicts", _ALL),
    "ignore_errors": _keyword("bool", f"{_ALL} include"),
    "ignore_unreachable": _keyword("bool", _ALL),
    "module_defaults": _keyword("dicts", _ALL),
    "no_log": _keyword("bool", f"{_ALL} include"),
    "port": _keyword("int", _ALL),
    "remote_user": _keyword("str", _ALL),
    "run_once": _keyword("bool", f"{_ALL} include"),
    "tags": _keyword("words", f"{_ALL} import_playbook include"),
    "throttle": _keyword("int", _ALL),
    "timeout": _keyword("int", f"{_ALL} include"),
    "vars": _keyword("vars", f"{_ALL} import_playbook include"),
    # inside plays
    "delegate_facts": _keyword("bool", _INNER),
    "delegate_to": _keyword("str", _INNER),
    "notify": _keyword("words", "block task handler"),
    "when": _keyword("conditions", f"{_INNER} import_playbook include"),
    # tasks and handlers
    "action": _keyword("any", f"{_TASKS} include"),
    "args": _keyword("dict", f"{_TASKS} include"),
    "async": _keyword("int", _TASKS),
    "changed_when": _keyword("conditions", _TASKS),
    "delay": _keyword("number", _TASKS),
    "failed_when": _keyword("conditions", _TASKS),
    "local_action": _keyword("any", _TASKS),
    "loop": _keyword("list", f"{_TASKS} include"),
    "loop_control": _keyword("dict", f"{_TASKS} include"),
    "needs": _keyword("words", f"play {_TASKS} include"),
    "poll": _keyword("int", _TASKS),
    "register": _keyword("text", f"{_TASKS} include"),
    "resume": _keyword("text", _TASKS),
    "retries": _keyword("int", _TASKS),
    "stream": _keyword("bool", _TASKS),
    "until": _keyword("conditions", _TASKS),
    "listen": _keyword("words", "handler include"),
    # blocks
    "block": _keyword("nodes", "block"),
    "rescue": _keyword("nodes", "block"),
    "always": _keyword("nodes", "block"),
    # plays
    "hosts": _keyword("words", "play"),
    "user": _keyword("str", "play"),
    "gather_facts": _keyword("bool", "play"),
    "gather_subset": _keyword("words", "play"),
    "gather_timeout": _keyword("int", "play"),
    "fact_path": _keyword("str", "play"),
    "force_handlers": _keyword("bool", "play"),
    "max_fail_percentage": _keyword("number", "play"),
    "order": _keyword("str", "play"),
    "serial": _keyword("any", "play"),
    "strategy": _keyword("str", "play"),
    "vars_files": _keyword("words", "play"),
    "vars_prompt": _keyword("dicts", "play"),
    "handlers": _keyword("nodes", "play"),
    "post_tasks": _keyword("nodes", "play"),
    "pre_tasks": _keyword("nodes", "play"),
    "roles": _keyword("list", "play"),
    "tasks": _keyword("nodes", "play"),
    "import_playbook": _keyword("str", "import_playbook"),
    # roles
    "role": _keyword("str", "role"),
    "src": _keyword("str", "role"),
    # loop_control
    "break_when": _keyword("conditions", "loop_control"),
    "extended": _keyword("bool", "loop_control"),
    "extended_allitems": _keyword("bool", "loop_control"),
    "index_var": _keyword("str", "loop_control"),
    "label": _keyword("any", "loop_control"),
    "loop_var": _keyword("str", "loop_control"),
    "pause": _keyword("number", "loop_control"),
}

WANTED: Final[Mapping[str, str]] = {
    "bool": "true or false",
    "conditions": "an expression or a list of expressions",
    "dict": "a table of names and values",
    "dicts": "a table of names and values, or a list of such tables",
    "int": "a whole number",
    "list": "a list",
    "nodes": "a list of tasks",
    "number": "a number",
    "str": "text",
    "text": "a plain name",
    "vars": "a table of names and values",
    "words": "text or a list of texts",
}

# Directives of the model that plays, blocks, roles and tasks share and that are simply overridden by the inner one.
OVERRIDING: Final = frozenset(
    {
        *("any_errors_fatal", "become", "become_exe", "become_flags", "become_method", "become_user", "check_mode"),
        *("connection", "debugger", "diff", "ignore_errors", "ignore_unreachable", "no_log", "port", "remote_user"),
        *("run_once", "throttle", "timeout"),
    }
)


def allowed(where: str) -> list[str]:
    """The keywords that may stand in one kind of place."""
    return [name for name, keyword in KEYWORDS.items() if where in keyword.where]
