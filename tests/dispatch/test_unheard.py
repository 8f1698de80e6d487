"""Trips whose answers nobody hears, and another process that asks: over ssh, here, as another user, with busybox."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.model.call import Become, Effect, Fragment, Line, Reply, Target, Trip, TripEnd
from runner.model.fate import Claim, Fate
from tests.dispatch.trips import carrier
from tests.sshd_farm import Farm, dropbear_farm, throwaway_user


def steps(folder: Path, *earlier: Claim) -> tuple[Line, ...]:
    """Two seconds, then a mark; and another mark."""
    texts = (f"touch {folder}/began; sleep 1.2; echo x >>{folder}/ids; echo out; exit 3", f"echo y >>{folder}/ids")
    asked: list[tuple[Claim, ...]] = [(claim,) for claim in earlier] or [(), ()]
    return tuple(
        Line(index, index, Fragment("pb_differs", text, Effect.UNSAFE), tolerant=index == 0, earlier=asked[index])
        for index, text in enumerate(texts)
    )


def lose(trip: Trip, began: Path) -> None:
    """Send a trip, and be gone in the middle of it."""
    with carrier() as carry:
        carry.dispatcher.send(trip)
        deadline = time.monotonic() + 20
        while not began.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)


def ask(trip: Trip) -> tuple[list[Reply], TripEnd]:
    replies: list[Reply] = []
    with carrier() as carry:
        carry.dispatcher.send(trip)
        while True:
            for message in carry.dispatcher.wait(20):
                if isinstance(message, Reply):
                    replies.append(message)
                elif isinstance(message, TripEnd):
                    return replies, message


def check(target: Target, folder: Path, become: Become | None, first: Fate | None) -> None:
    """The trip is lost and asked for at once; a run that has come to its end leaves nothing of it."""
    run = secrets.token_hex(6)
    sent = time.time()
    lose(Trip(1, target, become, steps(folder), run), folder / "began")
    (left,) = left_by(run)
    assert (left.stat().st_mode & 0o777, left.stat().st_uid) == (0o700, (folder / "began").stat().st_uid)
    claims = [Claim(run, 1, index, sent) for index in range(2)]
    replies, end = ask(Trip(2, target, become, steps(folder, *claims), run))
    assert end.lost is None
    assert [reply.fate for reply in replies] == [first, Fate.ABSENT if first is Fate.DONE else None][: len(replies)]
    if first is Fate.DONE:
        assert (replies[0].rc, replies[0].stdout, replies[1].rc) == (3, b"out\n", 0)
        assert (folder / "ids").read_text().split() == ["x", "y"]
    else:
        assert len(replies) == 1 and not (folder / "ids").exists()
    assert not left_by(run)


def left_by(run: str) -> list[Path]:
    return list(Path("/tmp").glob(f".pb-*-{run}.*"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user of the host can reach and write to."""
    with tempfile.TemporaryDirectory(prefix="unheard-", dir="/tmp") as made:
        Path(made).chmod(0o777)
        yield Path(made)


def test_here_the_shell_is_hung_up_but_what_it_did_is_known(folder: Path) -> None:
    check(Target("here", transport="local"), folder, None, Fate.LOST)


@pytest.mark.sshd
def test_over_ssh_the_step_goes_on_and_its_answer_is_taken(farm: Farm, folder: Path) -> None:
    check(farm.target(0), folder, None, Fate.DONE)


@pytest.fixture
def other() -> Iterator[str]:
    with throwaway_user() as (name, _):
        yield name


@pytest.mark.sshd
@pytest.mark.root
@pytest.mark.parametrize("method", ["sudo", "su"])
def test_as_another_user(farm: Farm, folder: Path, other: str, method: str) -> None:
    check(farm.target(0), folder, Become(method, other), Fate.DONE)


@pytest.mark.sshd
@pytest.mark.root
def test_with_dropbear_and_busybox(folder: Path) -> None:
    with throwaway_user() as (name, home), dropbear_farm(name, home, first_address=70) as farm:
        check(farm.target(0), folder, None, Fate.DONE)


@pytest.mark.sshd
def test_what_ends_well_leaves_nothing(farm: Farm) -> None:
    run = secrets.token_hex(6)
    lines = tuple(Line(index, index, Fragment("pb_differs", ":", Effect.UNSAFE)) for index in range(2))
    trip = Trip(1, farm.target(0), None, lines, run)
    replies, _ = ask(trip)
    assert [reply.fate for reply in replies] == [None, None]
    assert not left_by(run)
