"""Lookup `template`: template files of the controller, rendered with the step's variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.arguments import Option
from runner.lookups._options import read_options, texts
from runner.model.names import Names
from runner.model.ports import LookupContext

OPTIONS = {
    "template_vars": Option("dict", default={}),
    "variable_start_string": Option(),
    "variable_end_string": Option(),
    "comment_start_string": Option(),
    "comment_end_string": Option(),
    "block_start_string": Option(),
    "block_end_string": Option(),
    "trim_blocks": Option("bool"),
    "lstrip_blocks": Option("bool"),
    "convert_data": Option("bool"),
    "jinja2_native": Option("bool"),
}


def run(terms: list[Any], _variables: Names, options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """Each file's text after rendering (the value, if it is a lone one); `template_vars` are variables on top."""
    given = {name: value for name, value in read_options(OPTIONS, options).items() if value is not None}
    extra = given.pop("template_vars")
    # Ansible accepts these and does nothing with them.
    for name in ("convert_data", "jinja2_native"):
        given.pop(name, None)
    found: list[Any] = []
    for term in texts(terms):
        settings = {**given, "extra_vars": {"template_path": term, **extra}}
        found.append(context.render_file(context.find("templates", term), settings))
    return found
