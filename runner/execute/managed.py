"""What a template knows of itself, and `ansible_managed`, a line about who wrote a file.

Source: https://docs.ansible.com/ansible/latest/reference_appendices/config.html#default-managed-str
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from runner.errors import StepError
from runner.execute.scope import StepScope
from runner.execute.world import World
from runner.model.span import Span
from runner.model.values import Template

_PLACE = Span("ansible_managed")


def template_variables(world: World, scope: StepScope, path: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that exist only while the template `path` is rendered; `extra_vars` among the options are more."""
    local = {"template_path": path, **world.files.template_facts(path), **options.get("extra_vars", {})}
    try:
        scope.raw("ansible_managed")
    except KeyError:
        local.setdefault("ansible_managed", managed(world.options.settings.ansible_managed, local["template_mtime"]))
    return local


def managed(text: str, changed: datetime) -> str:
    """The text with `{host}`, `{uid}` and `{file}` as templates, and `%Y` and its like as the time when the template
    was `changed`. Raises StepError for other braces."""
    if "{" not in text and "%" not in text:
        return text
    try:
        words = text.format(host="{{ template_host }}", uid="{{ template_uid }}", file="{{ template_path }}")
    except (KeyError, IndexError, ValueError) as error:
        raise StepError(f"the setting ansible_managed {text!r} cannot be used: {error}") from None
    return Template(changed.strftime(words), _PLACE)
