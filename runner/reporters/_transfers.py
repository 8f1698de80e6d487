"""Long transfers under way, as text: `web1: image.iso 350 of 900 MiB (38%)`."""

from __future__ import annotations

import posixpath
from typing import Final

from runner.model.call import Carried
from runner.reporters._visible import visible

MIB: Final = 1 << 20


class Transfers:
    """The transfers that are not over, in the order they began."""

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, str], Carried] = {}

    def see(self, news: Carried) -> None:
        """Take in how far one is."""
        if news.done >= news.size:
            self._under_way.pop((news.host, news.path), None)
        else:
            self._under_way[news.host, news.path] = news

    def drop(self, host: str) -> None:
        """The host has answered, or is lost: nothing goes to it any more."""
        if self._under_way:
            for key in [key for key in self._under_way if key[0] == host]:
                del self._under_way[key]

    def rows(self, most: int) -> list[str]:
        """A line for each, at most this many."""
        shown = [_row(news) for news in self._under_way.values()]
        return shown[:most] + ([f"and {len(shown) - most} more transfers"] if len(shown) > most else [])


def _row(news: Carried) -> str:
    name = visible(posixpath.basename(news.path) or news.path)
    share = news.done * 100 // news.size
    return f"{visible(news.host)}: {name} {news.done // MIB} of {news.size // MIB} MiB ({share}%)"
