"""Host patterns against the rules of sets, and their odd corners."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import InputErrors
from runner.inventory.draft import Draft
from runner.inventory.patterns import limit_files_of, match, mismatch_message, resolve
from runner.model.inventory import Inventory
from runner.model.span import NOWHERE, Span

GROUPS = ("g0", "g1", "g2")
HOSTS = tuple(f"h{number}" for number in range(6))


def _inventory(groups: dict[str, list[str]], loose: tuple[str, ...] = ()) -> Inventory:
    draft = Draft()
    for host in loose:
        draft.host(host, "ungrouped", NOWHERE)
    for group, hosts in groups.items():
        draft.group(group, NOWHERE)
        for host in hosts:
            draft.host(host, group, NOWHERE)
    assert not draft.problems
    return draft.finish()


INVENTORY = _inventory({"web": ["web1", "web2", "web3"], "db": ["db1", "web3"]}, ("mail", "2001:db8::1"))

_term = st.sampled_from([*GROUPS, *HOSTS, "all", "*", "h?", "~h[0-3]"])
_inventories = st.fixed_dictionaries({group: st.lists(st.sampled_from(HOSTS), unique=True) for group in GROUPS})


def _meaning(term: str, groups: dict[str, list[str]]) -> set[str]:
    if term in groups:
        return set(groups[term])
    if term in ("all", "*", "h?"):
        return set(HOSTS)
    return set(HOSTS[:4]) if term.startswith("~") else {term}


@given(
    groups=_inventories,
    plain=st.lists(_term, max_size=3),
    both=st.lists(_term, max_size=2),
    without=st.lists(_term, max_size=2),
    separator=st.sampled_from([":", ",", " , "]),
    data=st.data(),
)
def test_unions_intersections_and_exclusions_are_those_of_sets(
    groups: dict[str, list[str]],
    plain: list[str],
    both: list[str],
    without: list[str],
    separator: str,
    data: st.DataObject,
) -> None:
    inventory = _inventory(groups, HOSTS)
    parts = [*plain, *(f"&{term}" for term in both), *(f"!{term}" for term in without)]
    shuffled = data.draw(st.permutations(parts))
    expected = set().union(*(_meaning(term, groups) for term in plain)) if plain else set(HOSTS)
    for term in both:
        expected &= _meaning(term, groups)
    for term in without:
        expected -= _meaning(term, groups)
    found = match(separator.join(shuffled), inventory)
    assert set(found) == (expected if parts else set())
    assert len(found) == len(set(found))
    assert found == match(list(shuffled), inventory)


@given(groups=_inventories, pattern=_term, limit=st.lists(_term, min_size=1, max_size=3))
def test_a_limit_only_takes_away_and_keeps_the_order(
    groups: dict[str, list[str]], pattern: str, limit: list[str]
) -> None:
    inventory = _inventory(groups, HOSTS)
    whole = match(pattern, inventory)
    allowed = set().union(*(_meaning(term, groups) for term in limit))
    assert match(pattern, inventory, limit=":".join(limit)) == tuple(name for name in whole if name in allowed)


def test_the_order_is_that_of_the_pattern_as_in_ansible() -> None:
    assert match("db:web", INVENTORY) == ("db1", "web3", "web1", "web2")
    assert match("web2,web1", INVENTORY) == ("web2", "web1")


def test_subscripts_include_their_end() -> None:
    assert match("web[0]", INVENTORY) == ("web1",)
    assert match("web[-1]", INVENTORY) == ("web3",)
    assert match("web[1:2]", INVENTORY) == ("web2", "web3")
    assert match("web[1:]", INVENTORY) == ("web2", "web3")
    assert match("web*[0]", INVENTORY) == ("web1",)


def test_an_index_that_no_host_has_is_an_error_with_its_place() -> None:
    with pytest.raises(InputErrors) as caught:
        match("web[3]", INVENTORY, span=Span("site.yaml", 3, 5))
    assert str(caught.value) == "site.yaml:3:5: no host matches 'web[3]': web has 3 hosts"


def test_a_bad_expression_is_an_error() -> None:
    with pytest.raises(InputErrors, match="cannot be read"):
        match("~we(b", INVENTORY)


def test_addresses_with_colons_are_hosts() -> None:
    assert match("2001:db8::1", INVENTORY) == ("2001:db8::1",)
    assert match("2001:db8::1,web1", INVENTORY) == ("2001:db8::1", "web1")


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_localhost_is_there_without_being_listed(name: str) -> None:
    assert match(name, INVENTORY) == (name,)
    assert name not in match("all", INVENTORY)
    assert match(name, INVENTORY, limit="web") == ()


def test_a_listed_localhost_answers_to_its_other_names() -> None:
    inventory = _inventory({"here": ["localhost"]})
    assert match("127.0.0.1", inventory) == ("localhost",)


def test_what_matches_nothing_is_reported_once_and_left_out() -> None:
    found = resolve("wbe:web:!nix:wbe", INVENTORY)
    assert found.hosts == ("web1", "web2", "web3")
    assert found.unknown == ("wbe", "nix")
    message = mismatch_message("web11", INVENTORY)
    assert message == "Could not match supplied host pattern, ignoring: web11 (did you mean 'web1'?)"
    assert resolve("", INVENTORY).hosts == ()


def test_an_empty_group_is_known() -> None:
    assert resolve("empty", _inventory({"empty": []})).unknown == ()


def test_limits_from_files() -> None:
    assert limit_files_of("@retry,web1,@x") == ("retry", "x")
    lines = ["web1", "", "db1  ", "!web2"]
    assert match("all", INVENTORY, limit="@retry", limit_files={"retry": lines}) == ("web1", "db1")
    with pytest.raises(InputErrors, match="was not read"):
        match("all", INVENTORY, limit="@other", limit_files={"retry": lines})


def test_a_limit_without_a_name_leaves_nothing() -> None:
    assert match("all", INVENTORY, limit="") == ()
    assert match("all", INVENTORY, limit="@empty", limit_files={"empty": [" ", ""]}) == ()
