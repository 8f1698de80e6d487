"""Files on a Dask worker, on their way between the controller, where they are at home, and hosts.

A file of the controller comes once to each worker that needs it, however many of its hosts get it. What a host gives
is handed over to the controller before its step counts as done.
"""

from __future__ import annotations

import itertools
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from runner.dispatch import _files
from runner.dispatch._dask_news import Fetched, News, Wanted
from runner.dispatch._files import BLOCK, Begin, Tell, TransferFailed
from runner.errors import ConnectionLost
from runner.model.call import Download, Upload

Content = tuple[str | None, str, int]


class Depot:
    """See `runner.dispatch._files.Files`. `folder` is private and ours; `tell` reaches the coordinator."""

    def __init__(self, folder: Path, tell: Callable[[list[News]], None]) -> None:
        self._folder = folder
        self._tell = tell
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._here: dict[Content, Future[Path]] = {}
        self._open: dict[int, Future[Path]] = {}
        self._files: dict[int, BinaryIO] = {}

    def upload(self, begin: Begin, item: Upload, path: str, tell: Tell) -> None:
        """Raises `TransferFailed`, `ConnectionLost`."""
        if item.source is None:
            _files.upload(begin, item, path, tell)
            return
        here = str(self._staged(item))
        try:
            _files.upload(begin, replace(item, source=here), path, tell)
        except TransferFailed as error:
            raise TransferFailed(str(error).replace(here, item.source)) from None

    def _staged(self, item: Upload) -> Path:
        """The controller's file, here."""
        content = item.source, item.sha1, item.size
        with self._lock:
            coming = self._here.get(content)
            if coming is None or (coming.done() and coming.exception()):
                number = next(self._ids)
                self._files[number] = self._new(self._folder / f"up.{number}")
                coming = self._here[content] = self._open[number] = Future()
                self._tell([Wanted(number, item)])
        return coming.result()

    @staticmethod
    def _new(path: Path) -> BinaryIO:
        try:
            return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except OSError as error:
            raise TransferFailed(_refused(error)) from None

    def download(self, begin: Begin, item: Download, tell: Tell) -> None:
        """Raises `TransferFailed`, `ConnectionLost`."""
        here = self._folder / f"down.{secrets.token_hex(8)}"
        try:
            _files.download(begin, replace(item, dest=str(here)), tell)
            with self._lock, here.open("rb") as file:
                number, over = next(self._ids), Future[Path]()
                self._open[number], self._files[number] = over, os.fdopen(os.dup(file.fileno()), "rb")
                self._tell([Fetched(number, item, here.stat().st_size)])
            over.result()
        except TransferFailed as error:
            raise TransferFailed(str(error).replace(str(here), item.dest)) from None
        finally:
            here.unlink(missing_ok=True)

    def put(self, number: int, block: bytes) -> str:
        """The next bytes of a file that is wanted. Why they cannot be kept, or nothing."""
        file = self._files[number]
        try:
            file.write(block)
            file.flush()
        except OSError as error:
            return _refused(error)
        return ""

    def get(self, number: int) -> bytes:
        """The next bytes of a file that was fetched; none at its end."""
        return self._files[number].read(BLOCK)

    def settle(self, number: int, error: str) -> None:
        """A file is over on the controller's side: well, or with an error."""
        file, over = self._files.pop(number), self._open.pop(number)
        file.close()
        if error:
            over.set_exception(TransferFailed(error))
        else:
            over.set_result(self._folder / f"up.{number}")

    def close(self) -> None:
        """No more files: whoever waits for one hears that the way to the controller is gone."""
        with self._lock:
            for over in self._open.values():
                over.set_exception(ConnectionLost("the connection to the controller ended"))
            for file in self._files.values():
                file.close()
            self._open.clear()
            self._files.clear()


def _refused(error: OSError) -> str:
    return f"the Dask worker cannot keep a file on its way to the host: {(error.strerror or '').lower()}"
