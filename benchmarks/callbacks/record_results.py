"""A callback plug-in of ansible-core that keeps what each result printed, as JSON lines, so that it can be checked."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):  # type: ignore[misc]  # its base has no types
    """Writes a line for each result to the file that RECORD_RESULTS names."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record_results"

    def __init__(self) -> None:
        """Open the file, which stays open until the process ends."""
        super().__init__()
        self.file = os.open(os.environ["RECORD_RESULTS"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def write(self, result: Any) -> None:
        """One result, or one item's."""
        said = result.result.get("stdout") or result.result.get("msg") or ""
        os.write(self.file, (json.dumps([result.host.get_name(), result.task.get_name(), said]) + "\n").encode())

    v2_runner_on_ok = write
    v2_runner_item_on_ok = write
