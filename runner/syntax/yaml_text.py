"""YAML for filters: plain values to text and back, without templates, tags or Python objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import yaml

from runner.model.values import Decrypted


class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes subclasses of plain types (trusted text, secrets) as what they are. A list or mapping that stands in
    several places is written once and named (`&id001`, `*id001`), as Ansible does; text and dates never are."""

    def ignore_aliases(self, data: Any) -> bool:
        return isinstance(data, str | date) or bool(super().ignore_aliases(data))


def _text(dumper: Any, data: str) -> Any:
    """Text; a value that was encrypted by itself goes out encrypted, as Ansible writes it."""
    if isinstance(data, Decrypted) and data.ciphertext:
        return dumper.represent_scalar("!vault", data.ciphertext, style="|")
    return dumper.represent_str(str.__str__(data))


Dumper.add_multi_representer(str, _text)
Dumper.add_multi_representer(Mapping, lambda dumper, data: dumper.represent_dict(dict(data)))
Dumper.add_multi_representer(tuple, lambda dumper, data: dumper.represent_list(list(data)))


def dump(value: Any, **options: Any) -> str:
    """`value` as YAML text. `options` are PyYAML's (`indent`, `width`, `default_flow_style`, `sort_keys` …).

    Raises ValueError for what YAML has no plain form for.
    """
    options.setdefault("allow_unicode", True)
    try:
        return str(yaml.dump(value, Dumper=Dumper, **options))
    except yaml.YAMLError as error:
        raise ValueError(f"cannot be written as YAML: {error}") from None


def load(text: str) -> Any:
    """The value of a YAML text that came from anywhere: plain data only. Raises ValueError."""
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise ValueError(f"is not YAML: {error}") from None


def load_all(text: str) -> Iterable[Any]:
    """The values of all documents of a text. Raises ValueError."""
    try:
        return list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError as error:
        raise ValueError(f"is not YAML: {error}") from None
