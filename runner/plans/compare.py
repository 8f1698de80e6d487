"""In what a plan and a later dry run differ, in words that say where to look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runner.plans.saved import Foretold, SavedPlan, keyed


def sources(
    old: SavedPlan, new: SavedPlan, gone: str = "is not read any more", fresh: str = "was not read for the plan"
) -> list[str]:
    """What has changed of files, variables and version. What is named in no other way is left to `steps`."""
    found = [*of_files(old.files, new.files, gone, fresh), *of_variables(old.variables, new.variables)]
    if old.version != new.version:
        found.insert(0, of_version(old.version, new.version))
    return found


def of_version(old: str, new: str) -> str:
    """What to say of another pbrun."""
    return f"pbrun itself: it was {old} and is {new}"


def of_files(old: Mapping[str, str], new: Mapping[str, str], gone: str, fresh: str) -> Iterator[str]:
    """By their digests; `gone` and `fresh` say what is with those of only one side."""
    for name in sorted({*old, *new}):
        if name not in new:
            yield f"{name} {gone}"
        elif name not in old:
            yield f"{name} {fresh}"
        elif old[name] != new[name]:
            yield f"{name} has changed"


def of_variables(old: Mapping[str, Mapping[str, str]], new: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """By their digests, of each group and host."""
    for owner in sorted({*old, *new}):
        if owner not in new or owner not in old:
            yield f"{owner} is {'gone' if owner not in new else 'new'}"
            continue
        before, now = old[owner], new[owner]
        for name in sorted({*before, *now}):
            if before.get(name) != now.get(name):
                what = "is not set any more" if name not in now else "is new" if name not in before else "has changed"
                yield f"{owner}: variable {name} {what}"


def steps(old: SavedPlan, new: SavedPlan) -> list[str]:
    """What would be done otherwise, or on a host that is not as it was found."""
    before, now = keyed(old.steps), keyed(new.steps)
    found = []
    for key in dict.fromkeys([*before, *now]):
        was, is_ = before.get(key, []), now.get(key, [])
        for one, other in zip(was, is_, strict=False):
            found += [f"{_named(other)}: {what}" for what in _between(one, other)]
        found += [f"{_named(one)}: would not run any more" for one in was[len(is_) :]]
        found += [f"{_named(one)}: would run, and is not in the plan" for one in is_[len(was) :]]
    return found


def _named(step: Foretold) -> str:
    item = f", item {step.item}" if step.item else ""
    place = f" ({step.place})" if step.place else ""
    return f"{step.host}: {step.task!r}{item}{place}"


def _between(old: Foretold, new: Foretold) -> Iterator[str]:
    if old.args != new.args:
        yield "its arguments are not those of the plan"
    if (old.says, old.status) != (new.says, new.status):
        yield f"the plan said {_words(old)}, now it is {_words(new)}"
    elif old.observed != new.observed:
        yield "the host, or what would be put there, is not as it was for the plan"


def _words(step: Foretold) -> str:
    if step.status in ("failed", "skipped", "unreachable", "indeterminate") and step.says != "unknown":
        return step.status
    return {"same": "nothing to change", "change": "a change", "unknown": "not known before the run"}[step.says]
