"""Filters on dicts and lists of dicts: combine, dict2items, subelements, extract …"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from jinja2 import pass_environment

from runner.errors import TemplateError
from runner.model.merging import LIST_MERGES, merge
from runner.template.environment import Environment
from runner.template.filters_sets import flatten
from runner.template.finish import finish, needed
from runner.template.markers import type_name


def _wrong(message: str) -> TemplateError:
    return TemplateError(message, kind="type")


def combine(*terms: Any, recursive: bool = False, list_merge: str = "replace") -> Any:
    """Dicts merged, later ones win. https://docs.ansible.com/ansible/latest/collections/ansible/builtin/combine_filter.html"""
    if list_merge not in LIST_MERGES:
        raise _wrong(f"combine: 'list_merge' must be one of {', '.join(LIST_MERGES)}, not {list_merge!r}")
    dicts = flatten(terms, levels=1)
    needed(dicts)
    for part in dicts:
        if not isinstance(part, Mapping):
            raise _wrong(f"combine: a dictionary is needed, not {type_name(part)!r}")
    if not dicts:
        return {}
    merged = dicts[0]
    for part in dicts[1:]:
        merged = merge(merged, part, recursive, list_merge)
    return merged


def dict2items(value: Any, key_name: str = "key", value_name: str = "value") -> list[dict[str, Any]]:
    """A dict as a list of `{key: …, value: …}`."""
    if not isinstance(value, Mapping):
        raise _wrong(f"dict2items requires a dictionary, got {type_name(value)!r} instead.")
    return [{key_name: key, value_name: value[key]} for key in value]


def items2dict(value: Any, key_name: str = "key", value_name: str = "value") -> dict[Any, Any]:
    """The other way round."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise _wrong(f"items2dict requires a list, got {type_name(value)!r} instead.")
    try:
        return {item[key_name]: item[value_name] for item in value}
    except (KeyError, TypeError):
        raise _wrong(
            f"items2dict requires a list of dictionaries that contain the keys {key_name!r} and {value_name!r}"
        ) from None


def subelements(obj: Any, names: Any, skip_missing: bool = False) -> list[Any]:
    """Each element paired with each part of a list inside it. `names`: `a.b` or a list of keys."""
    if not isinstance(obj, dict | list):
        raise _wrong("subelements: obj must be a list of dicts or a nested dict")
    if not isinstance(names, str | list):
        raise _wrong("subelements: the name must be a list or a string")
    path = names.split(".") if isinstance(names, str) else names
    elements = list(obj.values()) if isinstance(obj, dict) else obj
    return [[element, part] for element in elements for part in _below(element, path, skip_missing)]


def _below(element: Any, path: Sequence[Any], skip_missing: bool) -> list[Any]:
    found = element
    for key in path:
        try:
            found = found[key]
        except KeyError:
            if skip_missing:
                return []
            raise _wrong(f"subelements: could not find {key!r} key in iterated item {finish(element)!r}") from None
        except TypeError:
            raise _wrong(
                f"subelements: the key {key!r} should point to a dictionary, got {type_name(found)!r}"
            ) from None
    if not isinstance(found, list):
        raise _wrong(f"subelements: the key {path[-1]!r} should point to a list, got {type_name(found)!r}")
    return found


@pass_environment
def extract(environment: Environment, item: Any, container: Any, morekeys: Any = None) -> Any:
    """`container[item]`, and further keys."""
    keys = [] if morekeys is None else morekeys if isinstance(morekeys, list) else [morekeys]
    for key in (item, *keys):
        container = environment.getitem(container, key)
    return container


def rekey_on_member(data: Any, key: str, duplicates: str = "error") -> dict[Any, Any]:
    """Dicts under the value that each has for `key`."""
    if duplicates not in ("error", "overwrite"):
        raise _wrong(f"rekey_on_member: 'duplicates' must be error or overwrite, not {duplicates!r}")
    items: Iterable[Any] = data.values() if isinstance(data, Mapping) else data
    if isinstance(items, str) or not isinstance(items, Iterable):
        raise _wrong("rekey_on_member: a list or dictionary is needed")
    made: dict[Any, Any] = {}
    for item in items:
        if not isinstance(item, Mapping) or key not in item:
            raise _wrong(f"rekey_on_member: key {key!r} was not found")
        if item[key] in made and duplicates == "error":
            raise _wrong(f"rekey_on_member: key {item[key]!r} is not unique, cannot convert to dict")
        made[item[key]] = item
    return made


def json_query(data: Any, expression: str) -> Any:
    """A JMESPath query. Needs the package jmespath."""
    try:
        import jmespath
    except ImportError:
        raise TemplateError("json_query needs the Python package jmespath (pip install 'pbrun[filters]')") from None
    try:
        return jmespath.search(expression, finish(data))
    except jmespath.exceptions.JMESPathError as error:
        raise TemplateError(f"json_query: {error}", kind="type") from None


FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "combine": combine,
        "dict2items": dict2items,
        "items2dict": items2dict,
        "subelements": subelements,
        "extract": extract,
        "rekey_on_member": rekey_on_member,
    }
)
# What was built in once and lives in community.general now.
GENERAL_FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType({"json_query": json_query})
