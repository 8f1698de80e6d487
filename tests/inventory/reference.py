"""What ansible-core says about an inventory: the answers of its own code, to compare with ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

_ASK = """
import json, sys
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
sources, patterns = json.load(sys.stdin)
manager = InventoryManager(DataLoader(), sources)
answers = {}
for pattern, limit in patterns:
    try:
        manager.subset(limit)
        answers[f"{pattern} | {limit}"] = [host.name for host in manager.get_hosts(pattern)]
    except AnsibleError as error:
        answers[f"{pattern} | {limit}"] = "error"
manager.subset(None)
groups = {
    name: {"hosts": [h.name for h in group.get_hosts()], "depth": group.depth, "priority": group.priority,
           "children": [c.name for c in group.child_groups], "vars": group.get_vars()}
    for name, group in manager.groups.items()
}
hosts = {
    name: {"vars": host.vars, "groups": [g.name for g in sorted(host.get_groups(),
           key=lambda g: (g.depth, g.priority, g.name))]}
    for name, host in manager.hosts.items()
}
print(json.dumps({"answers": answers, "groups": groups, "hosts": hosts}))
"""


def programs() -> Path:
    """The folder with ansible-core's programs."""
    found = shutil.which("ansible-playbook")
    return Path(found).parent if found else Path("/opt/ansible/bin")


def ansible_inventory(sources: list[str], patterns: list[tuple[str, str | None]] | None = None) -> dict[str, Any]:
    """`groups`, `hosts`, and `answers` for each pair of pattern and limit (`"pattern | limit"`; "error" if refused)."""
    done = subprocess.run(
        [programs() / "python", "-c", _ASK],
        input=json.dumps([sources, patterns or []]),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
