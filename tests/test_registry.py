"""Which plug-in a name stands for: short, qualified, redirected, or another collection's."""

from __future__ import annotations

import pytest

from runner import registry

SHIPPED = [(room, name) for room in ("modules", "lookups", "become", "transports") for name in registry.names(room)]


@pytest.mark.parametrize(("room", "name"), SHIPPED)
def test_each_plug_in_is_where_ansible_has_it(room: str, name: str) -> None:
    home = registry.elsewhere(room, name)
    declared = registry.collection(room, name)
    assert not home or declared == home, f"its file must say: COLLECTION: Final = {home!r}"
    assert registry.own(room, registry.full(room, name)) == name
    assert registry.own(room, f"acme.web.{name}") == f"acme.web.{name}"
    assert registry.known(room, name)


@pytest.mark.parametrize(
    ("room", "name", "wanted"),
    [
        ("modules", "copy", "copy"),
        ("modules", "ansible.builtin.copy", "copy"),
        ("modules", "ansible.legacy.copy", "copy"),
        ("modules", "ansible.posix.copy", "ansible.posix.copy"),
        ("modules", "community.general.copy", "community.general.copy"),
        ("modules", "ansible.builtin.nothing", "ansible.builtin.nothing"),
        ("modules", "yum", "dnf"),
        ("modules", "ansible.builtin.yum", "dnf"),
        ("modules", "acme.web.yum", "acme.web.yum"),
        ("modules", "ansible.legacy.nothing", "nothing"),
        ("modules", "ansible.builtin.", "ansible.builtin."),
        ("modules", "a.copy", "a.copy"),
        ("modules", ".copy", ".copy"),
        ("become", "community.general.doas", "doas"),
        ("become", "ansible.builtin.doas", "doas"),
        ("become", "community.general.sudo", "community.general.sudo"),
        ("lookups", "community.general.flattened", "flattened"),
        ("lookups", "ansible.builtin.flattened", "flattened"),
        ("lookups", "community.general.file", "community.general.file"),
        ("transports", "ansible.builtin.paramiko_ssh", "ssh"),
        ("transports", "smart", "ssh"),
    ],
)
def test_what_a_name_stands_for(room: str, name: str, wanted: str) -> None:
    assert registry.own(room, name) == wanted


@pytest.mark.parametrize(
    ("room", "name", "hint"),
    [
        ("modules", "community.general.copy", "did you mean 'ansible.builtin.copy'?"),
        ("modules", "comand", "did you mean 'command'?"),
        ("modules", "ansible.builtin.comand", "did you mean 'ansible.builtin.command'?"),
        ("modules", "nxos_vlan", "Ansible has it in cisco.nxos"),
        ("modules", "community.general.nxos_vlan", "Ansible has it in cisco.nxos"),
        ("modules", "cisco.nxos.nxos_vlan", ""),
        ("modules", "zzzzzz", ""),
        ("become", "sodu", "did you mean 'sudo'?"),
        ("become", "pfexec", "Ansible has it in community.general"),
        ("lookups", "hashi_vault", "Ansible has it in community.hashi_vault"),
        ("lookups", "community.general.flatened", "did you mean 'community.general.flattened'?"),
    ],
)
def test_what_is_said_of_a_name_that_is_none_of_ours(room: str, name: str, hint: str) -> None:
    assert registry.absent(room, name) == hint


def test_few_names_are_all_told() -> None:
    assert registry.missing("become", "zzzzzz") == "there is no become method named 'zzzzzz' (known are doas, su, sudo)"
    assert registry.known("transports", registry.LAB)
