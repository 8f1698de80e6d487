"""Which filters or tests a plug-in's file has, read from its text without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


def names_of(path: str, kind: str) -> frozenset[str] | None:
    """The names in what `FilterModule.filters()` (or `TestModule.tests()`) returns; None when the text does not tell
    (they are computed, or the file cannot be read as Python)."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    owner = next((node for node in _classes(tree.body) if node.name == f"{kind.title()}Module"), None)
    if owner is None:
        return frozenset() if not _imports_all(tree) else None
    method = next((node for node in owner.body if isinstance(node, ast.FunctionDef) and node.name == f"{kind}s"), None)
    if method is None:
        return None
    found: set[str] = set()
    for node in ast.walk(method):
        if isinstance(node, ast.Return):
            names = _keys(node.value)
            if names is None:
                return None
            found |= names
    return frozenset(found)


def _classes(body: list[ast.stmt]) -> Iterator[ast.ClassDef]:
    return (node for node in body if isinstance(node, ast.ClassDef))


def _imports_all(tree: ast.Module) -> bool:
    """Whether the class may come from elsewhere, or stand inside a condition."""
    return any(isinstance(node, ast.ImportFrom | ast.If | ast.Try) for node in tree.body)


def _keys(value: ast.expr | None) -> set[str] | None:
    if isinstance(value, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else None for key in value.keys]
        return {key for key in keys if isinstance(key, str)} if all(isinstance(key, str) for key in keys) else None
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict" and not value.args:
        names = [word.arg for word in value.keywords]
        return {name for name in names if name} if all(names) else None
    return None
