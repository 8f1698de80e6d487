"""What set_stats keeps for the end of the run.

Source: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/set_stats_module.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runner.model.call import AddStats
from runner.model.merging import merge

WHOLE_RUN: Final = "_run"


def keep(stats: dict[str, dict[str, Any]], host: str, added: AddStats) -> None:
    """Put what a step on `host` gives among the run's."""
    own = stats.setdefault(host if added.per_host else WHOLE_RUN, {})
    for name, value in added.data.items():
        own[name] = _joined(own[name], value) if added.aggregate and name in own else value


def _joined(before: Any, after: Any) -> Any:
    """Both together, if they are of one kind; else what there was stays."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return merge(before, after)  # inside mappings the later value wins
    if type(before) is not type(after) or not isinstance(before, int | float | str | list):
        return before
    return before + after
