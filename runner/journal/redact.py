"""Known secrets, taken out of whatever is written or shown."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from typing import Final

from runner.journal.secret_forms import MIN_LENGTH, forms
from runner.model.values import MASK

MAX_REMEMBERED: Final = 4096
MAX_REMEMBERED_LENGTH: Final = 400
# So many forms are looked for one by one; with more, each place of a text is looked up by the letters that begin there.
MANY: Final = 200


class Redactor:
    """Knows the run's secret values; they can be added at any time, and are masked from then on."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._forms: list[str] = []  # the shortest first
        self._by_start: dict[str, list[str]] = {}
        self._clean: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """From now on `secret` (3 characters or more) and its usual encodings are masked."""
        text = str.__str__(secret)
        if text not in self._known:
            self._known.add(text)
            for form in forms(text):
                begun = self._by_start.setdefault(form[:MIN_LENGTH], [])
                if form not in begun:
                    begun.append(form)
                    insort(self._forms, form, key=len)
            self._clean.clear()

    def __bool__(self) -> bool:
        """Whether there is anything to mask."""
        return bool(self._forms)

    def text(self, text: str) -> str:
        """`text` with each secret masked; where two overlap, all of both is."""
        if text in self._clean:
            return text
        spans = self._spans(text)
        if not spans:
            self._remember(text)
            return text
        spans.sort()
        made, at = [], 0
        begin, end = spans[0]
        for start, stop in spans[1:]:
            if start >= end:
                made += [text[at:begin], MASK]
                at, begin = end, start
            end = max(end, stop)
        return "".join([*made, text[at:begin], MASK, text[end:]])

    def _remember(self, text: str) -> None:
        """Most texts come once for each host: with many secrets a look into a set is far cheaper than a search."""
        if self._forms and len(text) <= MAX_REMEMBERED_LENGTH:
            if len(self._clean) >= MAX_REMEMBERED:
                self._clean.clear()
            self._clean.add(text)

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where secrets stand. Most texts are shorter than most secrets, so the shortest forms come first."""
        if len(self._forms) > MANY:
            return self._looked_up(text)
        spans: list[tuple[int, int]] = []
        length = len(text)
        for form in self._forms:
            if len(form) > length:
                break
            if form in text:
                spans += ((start, start + len(form)) for start in _places(form, text))
        return spans

    def _looked_up(self, text: str) -> list[tuple[int, int]]:
        """The same for any number of secrets, in a time that depends on the text alone."""
        begun = self._by_start
        starts = [at for at in range(len(text) - MIN_LENGTH + 1) if text[at : at + MIN_LENGTH] in begun]
        return [
            (at, at + len(form))
            for at in starts
            for form in begun[text[at : at + MIN_LENGTH]]
            if text.startswith(form, at)
        ]


def _places(form: str, text: str) -> Iterable[int]:
    at = text.find(form)
    while at >= 0:
        yield at
        at = text.find(form, at + 1)
