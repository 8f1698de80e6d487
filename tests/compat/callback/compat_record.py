"""Ansible's side: a stdout callback that writes every result as one JSON line into the file COMPAT_EVENTS names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: compat_record
type: stdout
short_description: results as JSON lines
description: [results as JSON lines]
"""
COUNTS = ("ok", "changed", "dark", "failures", "skipped", "rescued", "ignored")
OWN = ("changed", "failed", "skipped", "failed_when_result", "attempts", "item", "verbose_override")


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Writes results and the recap."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "compat_record"

    def _write(self, line: Any) -> None:
        with Path(os.environ["COMPAT_EVENTS"]).open("a") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def _result(self, result: Any, status: str, *, item: bool = False) -> None:
        task, values = result._task, result._result
        if task.action.rpartition(".")[2] == "meta":
            return
        if item and task.action.rpartition(".")[2] in ("include_tasks", "include_role"):
            return
        if status == "ok" and values.get("changed"):
            status = "changed"
        label = str(values.get("_ansible_item_label", self._get_item_label(values))) if item else None
        message: Any = None
        secret = "censored" in values
        if task.action.rpartition(".")[2] == "debug" and status == "ok" and "results" not in values and not secret:
            hidden = (*OWN, values.get("ansible_loop_var"), values.get("ansible_index_var"))
            own = {k: v for k, v in values.items() if k not in hidden and not k.startswith(("_ansible", "ansible_"))}
            message = own.pop("msg", own)
        label = "hidden" if item and secret else label
        name = task.name or task.action
        self._write([result._host.name, name, status, label, message])

    def v2_runner_on_ok(self, result: Any) -> None:
        self._result(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._result(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._result(result, "skipped")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._result(result, "unreachable")

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._result(result, "ok", item=True)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._result(result, "failed", item=True)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        self._result(result, "skipped", item=True)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        for host in sorted(stats.processed):
            counts = [getattr(stats, name).get(host, 0) for name in COUNTS]
            self._write({"recap": host, "counts": counts})
