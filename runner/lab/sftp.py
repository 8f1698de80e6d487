"""SFTP for a lab host: the file system as it is, seen from the host's home folder."""

# Paths are text as the client sent it: pathlib would tidy them.
# ruff: noqa: PTH101, PTH102, PTH104, PTH105, PTH115, PTH116, PTH118, PTH211

from __future__ import annotations

import os
from typing import Any

import paramiko
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer
from paramiko.sftp import SFTP_FAILURE, SFTP_OK


def _answer(error: OSError) -> int:
    return SFTPServer.convert_errno(error.errno or 0)


class _Handle(SFTPHandle):
    """An open file."""

    def __init__(self, descriptor: int, flags: int) -> None:
        super().__init__(flags)
        self._descriptor = descriptor
        self._append = bool(flags & os.O_APPEND)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def read(self, offset: int, length: int) -> Any:
        try:
            return os.pread(self._descriptor, length, offset)
        except OSError as error:
            return _answer(error)

    def write(self, offset: int, data: Any) -> int:
        try:
            rest = memoryview(data)
            while rest:
                done = os.write(self._descriptor, rest) if self._append else os.pwrite(self._descriptor, rest, offset)
                rest, offset = rest[done:], offset + done
        except OSError as error:
            return _answer(error)
        return SFTP_OK

    def stat(self) -> Any:
        try:
            return SFTPAttributes.from_stat(os.fstat(self._descriptor))
        except OSError as error:
            return _answer(error)

    def chattr(self, attr: SFTPAttributes) -> int:
        return _set_attributes(self._descriptor, attr)


def _set_attributes(place: str | int, attr: SFTPAttributes) -> int:
    try:
        if attr.st_size is not None:
            os.truncate(place, attr.st_size)
        if attr.st_uid is not None and attr.st_gid is not None:
            os.chown(place, attr.st_uid, attr.st_gid)
        if attr.st_mode is not None:
            os.chmod(place, attr.st_mode & 0o7777)
        if attr.st_atime is not None and attr.st_mtime is not None:
            os.utime(place, (attr.st_atime, attr.st_mtime))
    except OSError as error:
        return _answer(error)
    return SFTP_OK


class HomeSFTP(paramiko.SFTPServerInterface):
    """Every operation of SFTP version 3, with relative paths counted from the home folder."""

    def __init__(self, server: Any, *args: Any, **named: Any) -> None:
        super().__init__(server, *args, **named)
        self._home = str(server.home)

    def _place(self, path: str) -> str:
        return os.path.join(self._home, path)

    def canonicalize(self, path: str) -> str:
        return os.path.realpath(self._place(path))

    def open(self, path: str, flags: int, attr: SFTPAttributes) -> Any:
        mode = 0o666 if attr.st_mode is None else attr.st_mode & 0o7777
        try:
            return _Handle(os.open(self._place(path), flags | os.O_CLOEXEC, mode), flags)
        except OSError as error:
            return _answer(error)

    def list_folder(self, path: str) -> Any:
        try:
            with os.scandir(self._place(path)) as entries:
                return [SFTPAttributes.from_stat(entry.stat(follow_symlinks=False), entry.name) for entry in entries]
        except OSError as error:
            return _answer(error)

    def stat(self, path: str) -> Any:
        try:
            return SFTPAttributes.from_stat(os.stat(self._place(path)))
        except OSError as error:
            return _answer(error)

    def lstat(self, path: str) -> Any:
        try:
            return SFTPAttributes.from_stat(os.lstat(self._place(path)))
        except OSError as error:
            return _answer(error)

    def chattr(self, path: str, attr: SFTPAttributes) -> int:
        return _set_attributes(self._place(path), attr)

    def remove(self, path: str) -> int:
        return self._do(os.unlink, path)

    def mkdir(self, path: str, attr: SFTPAttributes) -> int:
        return self._do(lambda place: os.mkdir(place, 0o777 if attr.st_mode is None else attr.st_mode & 0o7777), path)

    def rmdir(self, path: str) -> int:
        return self._do(os.rmdir, path)

    def rename(self, oldpath: str, newpath: str) -> int:
        # Version 3 of the protocol must not replace a file (draft-ietf-secsh-filexfer-02, 6.5); link() cannot.
        new = self._place(newpath)
        return SFTP_FAILURE if os.path.lexists(new) else self._do(lambda old: os.rename(old, new), oldpath)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        new = self._place(newpath)
        return self._do(lambda old: os.replace(old, new), oldpath)

    def readlink(self, path: str) -> Any:
        try:
            return os.readlink(self._place(path))
        except OSError as error:
            return _answer(error)

    def symlink(self, target_path: str, path: str) -> int:
        return self._do(lambda place: os.symlink(target_path, place), path)

    def _do(self, action: Any, path: str) -> int:
        try:
            action(self._place(path))
        except OSError as error:
            return _answer(error)
        return SFTP_OK
