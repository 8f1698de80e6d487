"""What many hosts say at once is taken in parts: what is made of it is in memory until it is in the log."""

from __future__ import annotations

import queue

from runner.dispatch._carrier import MANY, Message, arrived
from runner.model.call import Sent


def test_a_backlog_comes_in_parts_in_order_and_nothing_is_lost() -> None:
    messages: queue.SimpleQueue[list[Message]] = queue.SimpleQueue()
    sent = [Sent(number) for number in range(3 * MANY)]
    for at in range(0, len(sent), 7):
        messages.put([*sent[at : at + 7]])
    parts = []
    while part := arrived(messages, 0.0):
        parts.append(part)
    assert [message for part in parts for message in part] == sent
    assert max(map(len, parts)) < MANY + 7
