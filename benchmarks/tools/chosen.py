"""The tools by their names."""

from __future__ import annotations

from benchmarks.tools.floor import FLOOR
from benchmarks.tools.pbrun import PBRUN

TOOLS = {tool.name: tool for tool in (FLOOR, PBRUN)}
