"""Template files rendered: what a template knows of itself, and `ansible_managed`, a line about who wrote a file.

Source: https://docs.ansible.com/ansible/latest/reference_appendices/config.html#default-managed-str
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

from runner.errors import StepError
from runner.execute.scope import StepScope
from runner.execute.world import World
from runner.model.ports import FileKind
from runner.model.span import Span
from runner.model.values import Template, Unknown, UnknownReached

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


def rendered_file(
    world: World,
    scope: StepScope,
    find: Callable[[FileKind, str], str],
    path: str,
    options: Mapping[str, Any],
    *,
    native: bool = False,
) -> Any:
    """A template file's text with one step's variables; with `native` the value of a lone `{{ … }}`.

    What it includes is looked for beside it, then with `find`. Raises StepError, and UnknownReached in a dry run.
    """
    try:
        text = world.files.read(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise StepError(f"template {path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    local = scope.with_local(template_variables(world, scope, path, options))
    rest = {key: value for key, value in options.items() if key != "extra_vars"}

    def included(name: str) -> str:
        beside = str(PurePath(path).parent / name)
        found = beside if world.files.exists(beside) else find("templates", name)
        return world.files.read(found).decode("utf-8", "replace")

    made = world.templar.render_text(text, local, Span(path), rest, included, native=native)
    if isinstance(made, Unknown):
        raise UnknownReached(made)
    return made
