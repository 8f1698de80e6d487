"""Host ranges, ports, and names that are refused."""

from __future__ import annotations

import pytest

from runner.inventory.names import port_refusal, refusal, vars_refusal
from runner.inventory.ranges import RangeError, expand
from runner.model.values import Template


@pytest.mark.parametrize(
    ("pattern", "names", "port"),
    [
        ("web1", ["web1"], None),
        ("web1:22", ["web1"], 22),
        ("w[1:3]", ["w1", "w2", "w3"], None),
        ("w[01:05:2].x:2222", ["w01.x", "w03.x", "w05.x"], 2222),
        ("w[:2]", ["w0", "w1", "w2"], None),
        ("[a:c]-[1:2]", ["a-1", "a-2", "b-1", "b-2", "c-1", "c-2"], None),
        ("10.0.[0:1].[8:9]", ["10.0.0.8", "10.0.0.9", "10.0.1.8", "10.0.1.9"], None),
        ("2001:db8::1", ["2001:db8::1"], None),
        ("[2001:db8::1]:22", ["2001:db8::1"], 22),
        ("[2001:db8::1]", ["2001:db8::1"], None),
        ("2001:db8::[1:2]", ["2001:db8::1", "2001:db8::2"], None),
    ],
)
def test_patterns_of_inventory_lines(pattern: str, names: list[str], port: int | None) -> None:
    assert expand(pattern) == (names, port)


@pytest.mark.parametrize(
    "pattern",
    ["w[3:1]", "w[c:a]", "w[1:b]", "w[01:100]", "w[1]", "w[1:2:0]", "w[", "web:", "web:ssh", "w[0:99999999999]"],
)
def test_ranges_that_make_no_sense(pattern: str) -> None:
    with pytest.raises(RangeError):
        expand(pattern)


@pytest.mark.parametrize(
    "name",
    ["", "-oProxyCommand=x", "a b", "a\tb", "a\nb", "a\x00", "a\x1b[2J", "$(x)", "`x`", "a\u202eb", "a\u00a0b"],
)
def test_names_that_are_refused(name: str) -> None:
    assert refusal(name)
    assert vars_refusal("ansible_user", name)
    assert vars_refusal("ansible_host", name)


@pytest.mark.parametrize(
    "name", ["web1", "web-1.example.com", "fe80::1%eth0", "user@realm", "dömäin.example", "a_b", "a/b"]
)
def test_names_that_are_fine(name: str) -> None:
    assert refusal(name) is None


def test_ports_and_templates() -> None:
    assert port_refusal(22) is None
    assert port_refusal("2222") is None
    for wrong in (0, 65536, "ssh", None, True, 1.5, "22; x"):
        assert port_refusal(wrong)
    assert vars_refusal("ansible_port", "22x")
    assert vars_refusal("ansible_user", Template("{{ a b }}")) is None
    assert vars_refusal("title", "a b; c") is None


@pytest.mark.parametrize("mark", list("'\"`$\\;&<>|(){}"))
def test_shell_characters_are_refused(mark: str) -> None:
    assert refusal(f"a{mark}b") == f"holds the shell character {mark}"
