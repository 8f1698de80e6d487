"""Stands in for `ansible.plugins.filter.core` and `mathstuff`: built-in filters as functions that plug-ins call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from runner.syntax import yaml_text
from runner.template.plugins import Plugins, plain_filters

_OTHER_NAMES: Final = {
    "get_encrypted_password": "password_hash",
    "get_hash": "hash",
    "dict_to_list_of_dict_key_value_elements": "dict2items",
    "list_of_dict_key_value_elements_to_dict": "items2dict",
    "to_bool": "bool",
    "randomize_list": "shuffle",
    "strftime": "strftime",
}
FILTERS: Final[Mapping[str, Callable[..., Any]]] = plain_filters(
    Plugins(yaml_text.dump, yaml_text.load, yaml_text.load_all)
)


class FilterModule:
    """All of them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name to function."""
        return dict(FILTERS)


globals().update({name: function for name, function in FILTERS.items() if name.isidentifier()})
globals().update({name: FILTERS[own] for name, own in _OTHER_NAMES.items() if own in FILTERS})
