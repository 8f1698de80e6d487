"""Templates in the names of static imports: rendered while loading, from extra, play and role variables only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runner.errors import StepError
from runner.load.context import Context
from runner.load.fields import has_mark
from runner.model.names import LayeredNames
from runner.model.playbook import Around
from runner.model.ports import Vault
from runner.model.span import Span
from runner.model.values import Template, Vaulted


def static_text(context: Context, value: Any, around: Around, span: Span, what: str) -> str | None:
    """`value` as text, rendered if it is a template; None (and a noted mistake) when it cannot be."""
    if not has_mark(value):
        return str(value)
    try:
        return str(_known_now(context, value, around, span))
    except StepError as error:
        hint = "only extra vars, play vars and role vars are known while loading"
        context.reading.error(span, f"{what} cannot be known before the run: {error}", hint)
        return None


def static_tags(context: Context, around: Around, span: Span) -> frozenset[str]:
    """The tags that are handed down, rendered; one whose variables are known only during the run stays as it is."""
    if not any(has_mark(tag) for tag in around.tags):
        return around.tags
    found: set[str] = set()
    for tag in around.tags:
        try:
            made = _known_now(context, tag, around, span) if has_mark(tag) else tag
        except StepError:
            made = tag
        words = made if isinstance(made, list) else str(made).split(",")
        found.update(str(word).strip() for word in words)
    return frozenset(found)


def _known_now(context: Context, value: Any, around: Around, span: Span) -> Any:
    """The value of a template by what is known while loading. Raises StepError."""
    role = around.role
    magic = {"playbook_dir": str(Path(context.playbook_dir or ".").absolute())}
    if role:
        magic |= {"role_path": role.path, "role_name": role.name}
    layers: list[Mapping[str, Any]] = [context.extra_vars]
    layers += [role.params, around.vars, role.vars] if role else [around.vars]
    layers += [context.play_vars, role.defaults if role else {}, magic]
    raw = value if isinstance(value, Vaulted) else Template(value, span)
    return _render(raw, layers, context.reading.record.vault)


def _render(value: Template, layers: Sequence[Mapping[str, Any]], vault: Vault) -> Any:
    from runner.template.plugins import Plugins
    from runner.template.templar import Templar

    def lookup(name: str, _terms: Sequence[Any], _options: Mapping[str, Any]) -> Any:
        raise StepError(f"the lookup {name!r} cannot be used here")

    return Templar(lookup, plugins=Plugins(reveal=vault.reveal)).render(value, LayeredNames(*layers))
