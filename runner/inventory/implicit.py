"""The localhost that nobody listed: `localhost`, `127.0.0.1` and `::1` always exist.

Rules: https://docs.ansible.com/ansible/latest/inventory/implicit_localhost.html
"""

from __future__ import annotations

from typing import Final

from runner.model.inventory import Host, Inventory

LOCALHOSTS: Final = ("localhost", "127.0.0.1", "::1")


def implicit_localhost(name: str = "localhost") -> Host:
    """The host that stands for this machine when no inventory lists it: connected without SSH, in `all` alone."""
    return Host(name, {"ansible_connection": "local"}, ("all",))


def find_host(inventory: Inventory, name: str) -> Host | None:
    """The host of this name: a listed one, or the implicit localhost (a listed one of another such name first)."""
    if name in inventory.hosts:
        return inventory.hosts[name]
    if name not in LOCALHOSTS:
        return None
    listed = next((other for other in inventory.hosts if other in LOCALHOSTS), None)
    return inventory.hosts[listed] if listed else implicit_localhost(name)
