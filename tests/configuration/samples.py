"""For each setting a text that is not its default, as it would stand in ansible.cfg."""

from __future__ import annotations

from runner.model.settings import Row, used_rows

_BY_KIND = {
    "int": "7",
    "float": "7",
    "str": "some text",
    "path": "here/../there",
    "pathspec": "one:/two:~/three",
    "pathlist": "one, /two",
    "list": "a, 'b c',d",
}
_OWN = {"strategy": "free", "transport": "local", "become_method": "su", "stdout_callback": "json"}


def sample(row: Row) -> str:
    """The text."""
    if row.kind == "bool":
        return "no" if row.default else "yes"
    return _OWN.get(row.name) or next((one for one in row.choices if one != row.default), _BY_KIND[row.kind])


def as_ansible_cfg() -> str:
    """An ansible.cfg that sets everything that has a place there."""
    sections: dict[str, list[str]] = {}
    for row in used_rows():
        for place in row.ini:
            section, _, key = place.partition(".")
            sections.setdefault(section, []).append(f"{key} = {sample(row)}")
    return "\n".join(f"[{name}]\n" + "\n".join(lines) for name, lines in sections.items()) + "\n"


def as_environment() -> dict[str, str]:
    """The same in the environment."""
    return {name: sample(row) for row in used_rows() for name in row.env}
