"""package_facts: the installed packages as facts (ansible.builtin.package_facts)."""

from __future__ import annotations

from collections.abc import Sequence

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh.package_lists import ALIASES, MANAGERS, packages, question
from runner.sh.verdict import failure, text

SPEC = Spec(
    doc="Learn which packages a host has, as facts.",
    effect=Effect.READ,
    tells_facts=True,
    options={
        "manager": Option(
            "list",
            elements="str",
            default=["auto"],
            doc=f"Which to ask: auto, {', '.join(MANAGERS)}, or another name of one of them.",
        ),
        "strategy": Option(
            default="first", choices=("first", "all"), doc="Ask until one knows a package, or ask all of them."
        ),
    },
    example="""\
- name: What is installed
  ansible.builtin.package_facts:
- name: Say which
  ansible.builtin.debug:
    msg: "{{ ansible_facts.packages.openssl[0].version }}"
  when: "'openssl' in ansible_facts.packages"
""",
    returns={"ansible_facts": "`packages`: by name, a list of what is installed under it (version, arch, source …)."},
)


def _asked(given: Sequence[str]) -> tuple[str, ...] | Outcome:
    names = [name.lower() for name in given]
    auto = "auto" in names
    names = [name for name in names if name != "auto"]
    known = [*MANAGERS, *ALIASES]
    wrong = [name for name in names if name not in known]
    if wrong and auto:
        return failed("Could not auto detect a usable package manager, check warnings for details.")
    if wrong:
        return failed(f"Unsupported package managers requested: {', '.join(wrong)}")
    return tuple(dict.fromkeys(ALIASES.get(name, name) for name in (*names, *(known if auto else ()))))


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """One question to each manager that is there; it only reads, so a dry run asks the same."""
    asked = _asked(call.args["manager"])
    if isinstance(asked, Outcome):
        return asked
    text = question(asked, every=call.args["strategy"] == "all")
    return Fragment(probe=text, effect=Effect.READ, memo={"asked": asked})


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """The facts."""
    broken = failure(reply)
    if broken:
        return broken
    found = packages({name: text(reply.values[name]) for name in fragment.memo["asked"] if name in reply.values})
    if not found:
        asked = list(fragment.memo["asked"])
        return failed(f"Could not detect a supported package manager from the following list: {asked}.")
    return Outcome(Status.OK, own_facts={"packages": found})
