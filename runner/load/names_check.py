"""Finds variables that are read though no source can define them, with what was probably meant."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, fields
from typing import Any, Final, Protocol

from runner.errors import StepError
from runner.load import defined_names
from runner.load.defined_names import CannotKnow
from runner.load.files import Files
from runner.load.include import TaskLoader
from runner.load.sources import Sources
from runner.model.inventory import Inventory
from runner.model.playbook import Condition, Play, Playbook, Task
from runner.model.quick import dataclass
from runner.model.settings import Settings
from runner.model.span import Problem, Span
from runner.model.values import Template
from runner.plan.reads import texts_in
from runner.registry import nearest

Reads = frozenset[str] | None

# A word that may be a variable: not an attribute, not a filter, not a keyword argument.
_WORD: Final = re.compile(r"(?<![\w.|'\"])(?<!\| )[A-Za-z_]\w*(?!\s*=[^=])")
_CODE: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_GUARDED: Final = re.compile(
    r"([A-Za-z_]\w*)(?:\.\w+|\[[^\]]*\]|\.?\w+\([^()]*\))*\s*\)*\s*"
    r"(?:\|\s*(?:default|d)\b|is\s+(?:not\s+)?(?:defined|undefined))"
)
_NAMED: Final = re.compile(r"['\"](\w+)['\"]\s+(?:not\s+)?in\s+(?:vars|hostvars)")
_JINJA: Final = frozenset(
    """
    and or not in is if else elif endif for endfor set endset do block endblock macro endmacro call endcall filter
    endfilter include import from as with endwith without context raw endraw defined undefined none true false None
    True False recursive ignore missing scoped break continue
    """.split()
)


class Reader(Protocol):
    """The part of the Templar that is needed here."""

    def reads(self, value: Any) -> Reads: ...

    def reads_of_condition(self, condition: Condition) -> Reads: ...

    def reads_of_text(self, text: str) -> Reads: ...


@dataclass(frozen=True, slots=True)
class _Text:
    """One text of a task that reads variables, and how to ask for its names."""

    text: str
    span: Span
    ask: Callable[[], Reads]
    code_only: bool = True


def check_names(
    playbook: Playbook,
    inventory: Inventory,
    extra_vars: Mapping[str, Any],
    templar: Reader,
    record: Sources | None = None,
    settings: Settings | None = None,
) -> list[Problem]:
    """A warning for each variable that is read and that nothing can define; a name that is asked for with `is
    defined` or has a `default` is let through. Nothing at all when an include or a file of variables has a name that
    is known only during the run."""
    if defined_names.any_locked(playbook, inventory):
        return []
    check = _Check(templar, inventory, Files(record), {*extra_vars} | defined_names.of_inventory(inventory))
    loader = TaskLoader(extra_vars, record, settings or Settings())
    try:
        plays = [(play, defined_names.tasks_of(play, loader)) for play in playbook.plays]
        for play, tasks in plays:
            check.known |= defined_names.of_play(play, check.files)
            for task in tasks:
                check.known |= defined_names.of_task(task, play, check.files)
    except CannotKnow:
        return []
    for play, tasks in plays:
        for task in tasks:
            check.task(task, play)
    return list(dict.fromkeys(check.problems))


@dataclass(slots=True)
class _Check:
    templar: Reader
    inventory: Inventory
    files: Files
    known: set[str]
    problems: list[Problem] = field(default_factory=list)

    def task(self, task: Task, play: Play) -> None:
        """Note what one task reads from nowhere."""
        texts = [*self._texts(task), *self._template_file(task, play)]
        own = {*task.vars, *task.include_params} | defined_names.loop_names(task)
        suspects = [(text, unknown) for text in texts if (unknown := self._unknown_words(text) - own)]
        if not suspects:
            self._through(task, play, texts, own)
            return
        guarded = {name for text in texts for name in _guarded(text.text)}
        for text, words in suspects:
            names = text.ask()
            for name in sorted((names or frozenset()) & words - guarded):
                self._note(name, text.span, own)
        self._through(task, play, texts, own | guarded)

    def _through(self, task: Task, play: Play, texts: list[_Text], own: set[str]) -> None:
        """Follow the variables that are read to the templates they are defined with."""
        layers = list(defined_names.definitions(play, task, self.inventory))
        ahead = {word for text in texts for word in _words(text)}
        seen: set[str] = set()
        while ahead:
            name = ahead.pop()
            if name in seen:
                continue
            seen.add(name)
            for layer in layers:
                for part in texts_in(layer.get(name)):
                    inner = _Text(part, part.span, lambda part=part: self.templar.reads(part))  # type: ignore[misc]
                    ahead |= _words(inner)
                    words = self._unknown_words(inner) - own - set(_guarded(part))
                    if words:
                        for wrong in sorted((inner.ask() or frozenset()) & words):
                            self._note(wrong, part.span, own)

    def _unknown_words(self, text: _Text) -> set[str]:
        """Words that may be variables and that nothing defines; a cheap look before the template is parsed."""
        words = _words(text) - self.known - defined_names.MAGIC
        return {word for word in words if not word.startswith("ansible_")}

    def _note(self, name: str, span: Span, own: set[str]) -> None:
        known = self.known | own | defined_names.MAGIC
        hint = nearest(name, known) or "define it, or give it a default: {{ " + name + " | default(…) }}"
        self.problems.append(Problem(span, f"the variable {name!r} is defined nowhere", hint, "warning", word=name))

    def _texts(self, task: Task) -> Iterator[_Text]:
        values: list[Any] = [task.args, task.delegate_to, task.retries, task.delay_s, task.name, task.notify]
        values += [task.vars, task.include_params]
        if task.loop:
            values += [task.loop.items, task.loop.label, task.loop.pause_s]
        values += [getattr(task.directives, item.name) for item in fields(task.directives)]
        for value in values:
            for part in texts_in(value):
                yield _Text(part, part.span, lambda part=part: self.templar.reads(part))  # type: ignore[misc]
        for condition in _conditions(task):
            if isinstance(condition.value, str):
                ask = lambda condition=condition: self.templar.reads_of_condition(condition)  # noqa: E731
                yield _Text(condition.value, condition.span, ask, code_only=False)

    def _template_file(self, task: Task, play: Play) -> Iterator[_Text]:
        """The text of a template whose name is plain."""
        source = task.args.get("src")
        if task.module != "template" or not isinstance(source, str) or isinstance(source, Template):
            return
        if any(name.endswith("_string") for name in task.args):
            return
        try:
            path = self.files.find("templates", source, task, posixpath.dirname(play.path))
            text = self.files.read(path).decode("utf-8")
        except (StepError, UnicodeDecodeError):
            return
        found: list[frozenset[str]] = []

        def outside() -> frozenset[str]:
            """What the file reads that it does not set itself; parsed once, and only when something is suspect."""
            if not found:
                found.append(self.templar.reads_of_text(text) or frozenset())
            return found[0]

        for number, line in enumerate(text.splitlines(), 1):
            for match in _CODE.finditer(line):
                yield _Text(match.group(), Span(path, number, match.start() + 1), outside)


def _words(text: _Text) -> set[str]:
    code = _CODE.findall(text.text) if text.code_only else [text.text]
    return {word for part in code for word in _WORD.findall(part)} - _JINJA


def _guarded(text: str) -> Iterable[str]:
    return [*_GUARDED.findall(text), *_NAMED.findall(text)]


def _conditions(task: Task) -> Iterator[Condition]:
    yield from (*task.when, *task.until, *(task.changed_when or ()), *(task.failed_when or ()))
    yield from task.loop.break_when if task.loop else ()
    if task.module == "assert":
        that = task.args.get("that", ())
        for text in that if isinstance(that, list) else [that]:
            if isinstance(text, str):
                yield Condition(text, task.span)
    if task.module == "debug" and isinstance(task.args.get("var"), str):
        yield Condition(task.args["var"], task.span)
