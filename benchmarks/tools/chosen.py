"""The tools by their names."""

from __future__ import annotations

from benchmarks.tools.ansible import ANSIBLE, MITOGEN
from benchmarks.tools.floor import FLOOR
from benchmarks.tools.pbrun import PBRUN
from benchmarks.tools.pyinfra import PYINFRA

TOOLS = {tool.name: tool for tool in (FLOOR, PBRUN, PYINFRA, MITOGEN, ANSIBLE)}
PEERS = ("pyinfra", "mitogen", "ansible")
