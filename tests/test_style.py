"""House rules that no linter knows: small files and functions, an opening sentence, names that say something."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "runner").rglob("*.py"))
MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 400
EMPTY_NAMES = re.compile(r"utils?|helpers?|common|manager", re.IGNORECASE)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_and_functions_are_small(path: Path) -> None:
    lines = path.read_text().count("\n")
    assert lines <= MAX_FILE_LINES
    for function in functions(path):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= MAX_FUNCTION_LINES, f"{function.name} has {length} lines"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_each_file_opens_by_saying_what_it_is_for(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text())) or ""
    first = said.split("\n\n")[0]
    assert first, "no docstring"
    assert first.rstrip()[-1] in ".:?!…", f"not a sentence: {first!r}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_names_say_something(path: Path) -> None:
    assert not EMPTY_NAMES.fullmatch(path.stem)
    for node in ast.walk(ast.parse(path.read_text())):
        # A function may be about a package manager; a class that calls itself one does not say what it is.
        if isinstance(node, ast.ClassDef):
            parts = re.findall(r"[A-Z]?[a-z]+", node.name)
            assert not any(EMPTY_NAMES.fullmatch(part) for part in parts), node.name


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_classes_of_values_are_made_the_quick_way(path: Path) -> None:
    """Each class that `dataclasses` makes costs a millisecond of every start."""
    if path != ROOT / "runner" / "model" / "quick.py":
        assert not re.search(r"^\s*from dataclasses import .*\bdataclass\b", path.read_text(), re.MULTILINE)


def readme_commands() -> list[str]:
    """The command lines of the README's shell blocks."""
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [line for line in lines if re.match(r"(\.venv/bin/)?pbrun |python3 ", line)]


def test_the_two_commands_stand_in_the_readme() -> None:
    commands = readme_commands()
    assert any(line.endswith("pbrun playbooks/site.yaml -i inventories/lab.yaml") for line in commands)
    assert any("-m pytest" in line for line in commands)


def test_the_readme_uses_only_subcommands_and_flags_that_exist() -> None:
    from runner.cli import log_report, one_task, play_command, vault_command
    from runner.cli.main import COMMANDS

    own = {"--mode", "--owner", "--group", "--backup", "--flat", "--shell", "--format"}
    vault = [vault_command.parser(action) for action in vault_command.ACTIONS]
    parsers = (play_command.parser(), one_task.parser("", "", ""), log_report.parser(), *vault)
    known = own.union(*(made._option_string_actions for made in parsers))
    for line in readme_commands():
        words = line.partition("pbrun ")[2].partition(" -- ")[0].split()
        if not words:
            continue
        assert words[0] in COMMANDS or words[0].startswith("-") or words[0].endswith((".yaml", ".yml")), line
        long_flags = {word.partition("=")[0] for word in words if word.startswith("--") and word != "--"}
        assert long_flags <= known, f"{line}: {long_flags - known}"


def test_the_package_ships_what_it_reads() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["runner"]
    shipped = {path for pattern in patterns for path in (ROOT / "runner").glob(pattern)}
    data = {path for path in (ROOT / "runner").rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert data <= shipped, f"not shipped: {data - shipped}"
