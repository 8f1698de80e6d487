"""The lines of source files, for showing a mistake where it stands; each file is read once."""

from __future__ import annotations

from pathlib import Path


class Lines:
    """Gives a line of a file (numbers from 1), or None when there is none or the file cannot be read."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}

    def __call__(self, path: str, number: int) -> str | None:
        if path not in self._files:
            try:
                self._files[path] = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
            except OSError:
                self._files[path] = []
        lines = self._files[path]
        return lines[number - 1] if 0 < number <= len(lines) else None
