"""The socket below paramiko: every byte comes once and in order, and a connection that waits holds little memory."""

from __future__ import annotations

import os
import socket
import threading

from runner.transports._wire import RECEIVE_LEAST, RECEIVE_MOST, _Reader


class Asked(socket.socket):
    """A socket that notes how much it is asked for, which is what Python sets aside while it waits."""

    asked: list[int]

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        self.asked.append(size)
        return super().recv(size, flags)


def test_a_flood_is_read_in_large_pieces_and_what_comes_after_it_in_small_ones() -> None:
    here, there = socket.socketpair()
    with here, Asked(fileno=there.detach()) as below:
        below.asked = []
        reader = _Reader(below)
        data = os.urandom(40 * RECEIVE_MOST)
        sender = threading.Thread(target=here.sendall, args=(data,))
        sender.start()
        got = b""
        while len(got) < len(data):  # as paramiko does: a few bytes for the length, then a packet
            got += reader.recv(5)
            got += reader.recv(min(32768, max(1, len(data) - len(got)))) if len(got) < len(data) else b""
        sender.join()
        assert got == data
        assert below.asked[0] == RECEIVE_LEAST
        assert max(below.asked) == RECEIVE_MOST
        for _ in range(2):
            here.sendall(b"x")
            assert reader.recv(5) == b"x"
        assert below.asked[-1] == RECEIVE_LEAST
        here.close()
        assert reader.recv(5) == b""
