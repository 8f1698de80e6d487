"""All filters and tests under all their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.tests import TESTS as JINJA_TESTS

from runner.model.quick import dataclass
from runner.model.values import Decrypted, Vaulted
from runner.registry import BUILTIN_PREFIXES
from runner.template import (
    filters_basic,
    filters_collections,
    filters_crypto,
    filters_data,
    filters_format,
    filters_hardware,
    filters_network,
    filters_number,
    filters_path,
    filters_readers,
    filters_sets,
    filters_subnet,
    filters_text,
    filters_time,
    filters_vault,
    tests_data,
    tests_path,
    tests_result,
)
from runner.template.calls import wrap

_FILTER_TOPICS: Final = (
    filters_basic.FILTERS,
    filters_crypto.FILTERS,
    filters_data.FILTERS,
    filters_format.FILTERS,
    filters_number.FILTERS,
    filters_path.FILTERS,
    filters_sets.FILTERS,
    filters_text.FILTERS,
    filters_time.FILTERS,
)
# Filters of ansible.utils; ansible.netcommon hands its old names on to them.
_ADDRESS_TOPICS: Final = (filters_network.FILTERS, filters_subnet.FILTERS, filters_hardware.FILTERS)
_ADDRESS_PREFIXES: Final = ("", "ansible.utils.", "ansible.netcommon.")
# Filters of community.general; short names are taken, too, where there is no other filter of that name.
_GENERAL_TOPICS: Final = (
    filters_collections.FILTERS,
    filters_data.GENERAL_FILTERS,
    filters_hardware.GENERAL_FILTERS,
    filters_readers.FILTERS,
)
_NEVER_BUILT_IN: Final = frozenset({*filters_collections.FILTERS, *filters_readers.FILTERS})
_GENERAL_PREFIXES: Final = ("", "community.general.")
_TEST_TOPICS: Final = (tests_data.TESTS, tests_path.TESTS, tests_result.TESTS)


@dataclass(frozen=True, slots=True)
class Plugins:
    """What filters need of other rooms. None: the filters that need it fail with a clear message.

    `reveal(value)` decrypts a value of the user's, `encrypt` and `decrypt` serve the filters `vault` and `unvault`.
    `yaml_dump(value, **options)` gives text; `yaml_load(text)` a value; `yaml_load_all(text)` several.
    """

    yaml_dump: Callable[..., str] | None = None
    yaml_load: Callable[[str], Any] | None = None
    yaml_load_all: Callable[[str], Iterable[Any]] | None = None
    reveal: Callable[[Vaulted], Decrypted] | None = None
    encrypt: Callable[[bytes, bytes, bytes | None, str], bytes] | None = None
    decrypt: Callable[[bytes, bytes, str], bytes] | None = None


class Registered(dict[str, Callable[..., Any]]):
    """Wrapped filters or tests by name. Those of `extra` win, and are asked for when a template names them: a name
    that both have stands only there. `extra` raises KeyError, or TemplateError for one that cannot be used."""

    def __init__(
        self, kind: str, own: Mapping[str, Callable[..., Any]], extra: Mapping[str, Callable[..., Any]]
    ) -> None:
        super().__init__(_named(kind, own))
        self._kind = kind
        self._extra = extra
        self._hidden = {name: self.pop(name) for name in extra if dict.__contains__(self, name)}

    def __missing__(self, name: str) -> Callable[..., Any]:
        try:
            made = self[name] = wrap(self._kind, name, self._extra[name])
        except KeyError:
            if name not in self._hidden:
                raise
            made = self[name] = self._hidden[name]
        return made

    def get(self, name: str, default: Any = None) -> Any:
        """The function of a name, or `default`."""
        try:
            return self[name]
        except KeyError:
            return default

    def __iter__(self) -> Iterator[str]:
        """All names that are known without running a project's file."""
        return iter(dict.fromkeys([*super().__iter__(), *self._extra]))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None


def make_filters(plugins: Plugins, extra: Mapping[str, Callable[..., Any]]) -> Registered:
    """Name → wrapped filter; Ansible's own under `ansible.builtin.` too."""
    found: dict[str, Any] = dict(JINJA_FILTERS)
    for prefixes, topics in ((_GENERAL_PREFIXES, _GENERAL_TOPICS), (_ADDRESS_PREFIXES, _ADDRESS_TOPICS)):
        for topic in topics:
            found.update({prefix + name: function for prefix in prefixes for name, function in topic.items()})
    found.update(plain_filters(plugins))
    found.update(filters_vault.vault_filters(plugins.encrypt, plugins.decrypt))
    return Registered("filter", found, extra)


def plain_filters(plugins: Plugins) -> dict[str, Callable[..., Any]]:
    """Ansible's own filters under their short names, as functions for whoever calls them with plain values."""
    found: dict[str, Any] = {}
    for topic in _FILTER_TOPICS:
        found.update(topic)
    found.update(filters_format.yaml_filters(plugins.yaml_dump, plugins.yaml_load, plugins.yaml_load_all))
    return found


def make_tests(extra: Mapping[str, Callable[..., Any]]) -> Registered:
    """Name → wrapped test."""
    found: dict[str, Any] = dict(JINJA_TESTS)
    for topic in _TEST_TOPICS:
        found.update(topic)
    return Registered("test", found, extra)


def _named(kind: str, found: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    made = {name: wrap(kind, name, function) for name, function in found.items()}
    short = [name for name in made if "." not in name and name not in _NEVER_BUILT_IN]
    made.update({f"{prefix}{name}": made[name] for prefix in BUILTIN_PREFIXES for name in short})
    return made
