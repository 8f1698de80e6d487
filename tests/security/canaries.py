"""Secrets at every place where one can enter, twins of the same shape that are none, and a playbook that says both."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, quote_plus

from tests.vault.sealing import inline, seal, write

PLACES: Final = (
    "password of a connection",
    "password of sudo",
    "password of a group",
    "password in a file, of a connection",
    "password in a file, of sudo",
    "extra variable",
    "private prompt",
    "answer to a private prompt",
    "encrypted file of variables",
    "encrypted value",
    "encrypted extra variables",
    "included encrypted variables",
    "encrypted file",
    "argument of a module",
    "password in an address",
    "output of a hushed task",
    "fact of a hushed task",
)


def _word(kind: str, place: str) -> str:
    """Like a good password: quotes, blanks, and what shells, addresses and JSON write otherwise."""
    made = base64.b32encode(hashlib.sha256(f"{kind} {place}".encode()).digest()).decode()
    return f"{made[:9].lower()}'+/ %\"&{made[9:20]}"


SECRETS: Final = {place: _word("secret", place) for place in PLACES}
TWINS: Final = {place: _word("twin", place) for place in PLACES}


def _base64_at(offset: int) -> Callable[[str], str]:
    """What is the same in the base64 of every text that has `offset` bytes (modulo three) before it."""

    def encoded(text: str) -> str:
        data = b"\0" * offset + text.encode()
        skipped = (offset * 8 + 5) // 6
        return base64.b64encode(data).decode().rstrip("=")[skipped : len(data) * 8 // 6]

    return encoded


FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "plain": str,
    "base64": _base64_at(0),
    "base64, one on": _base64_at(1),
    "base64, two on": _base64_at(2),
    "address": lambda text: quote(text, safe=""),
    "path of an address": quote,
    "form": quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "shell": lambda text: shlex.quote(text)[1:-1],
    "Python": lambda text: repr(text)[1:-1],
    "hex": lambda text: text.encode().hex(),
    "upper case": str.upper,
    "lower case": str.lower,
    "backwards": lambda text: text[::-1],
    "first half": lambda text: text[: len(text) // 2],
    "second half": lambda text: text[len(text) // 2 :],
}
# The same, made by templates: E is an expression.
SAID: Final = (
    "{{ E }} {{ E | b64encode }} {{ ('a' ~ E) | b64encode }} {{ ('ab' ~ E) | b64encode }} {{ E | urlencode }} "
    "{{ E | urlencode | replace('/', '%2F') }} {{ {'k': E} | urlencode }} "
    "{{ [E] | to_json }} {{ E | quote }} {{ [E, 1] }} {{ E | upper }} {{ E | lower }} {{ E | reverse }} "
    "{{ E[:E | length // 2] }} - {{ E[E | length // 2:] }}"
)


def leaks(texts: Mapping[str, str], words: Mapping[str, str]) -> set[tuple[str, str, str]]:
    """The cells (place, form, where) in which one of `words` is found."""
    found: set[tuple[str, str, str]] = set()
    for place, word in words.items():
        for form, make in FORMS.items():
            found.update((place, form, where) for where, text in texts.items() if make(word) in text)
    return found


def found_anywhere(texts: Mapping[str, str], words: Mapping[str, str]) -> set[tuple[str, str]]:
    """The cells (place, form) whose word is found somewhere."""
    return {(place, form) for place, form, _ in leaks(texts, words)}


@dataclass(frozen=True, slots=True)
class Said:
    """An expression whose value is a secret, and one whose value is its twin."""

    place: str
    secret: str
    twin: str


EXPRESSIONS: Final = (
    Said("password of a connection", "ansible_password", "of_host"),
    Said("password of sudo", "ansible_become_password", "of_host2"),
    Said("password of a group", "hostvars[inventory_hostname].ansible_sudo_pass", "of_group"),
    Said("password in a file, of a connection", "lookup('file', 'login')", "lookup('file', 'open1')"),
    Said("password in a file, of sudo", "lookup('file', 'sudo')", "lookup('file', 'open2')"),
    Said("extra variable", "ansible_ssh_passphrase", "extra"),
    Said("private prompt", "admin_password", "typed_openly"),
    Said("answer to a private prompt", "answer", "answer_openly"),
    Said("encrypted file of variables", "of_sealed[0].it", "of_open[0].it"),
    Said("encrypted value", "sealed_value", "open_value"),
    Said("encrypted extra variables", "sealed_extra", "open_extra"),
    Said("included encrypted variables", "included", "included_openly"),
    Said("encrypted file", "lookup('file', 'shut')", "lookup('file', 'open3')"),
    Said("argument of a module", "of_module", "of_other_module"),
    Said("password in an address", "of_address", "of_other_address"),
    Said("output of a hushed task", "hushed.stdout", "spoken.stdout"),
    Said("fact of a hushed task", "hushed_fact", "spoken_fact"),
)


def _vars(words: Mapping[str, str]) -> dict[str, str]:
    return {"of_module": words["argument of a module"], "of_address": words["password in an address"]}


def first_tasks() -> list[dict[str, Any]]:
    """What makes the rest of the secrets known: included variables, hushed tasks, modules that take a secret."""
    output, fact = "output of a hushed task", "fact of a hushed task"
    where = "http://127.0.0.1:1/"
    secret_address = "http://me:{{ of_address | urlencode | replace('/', '%2F') }}@127.0.0.1:1/x"
    return [
        {"include_vars": {"file": "included_sealed.yml"}},
        {"include_vars": {"file": "included_open.yml"}},
        {"shell": f"printf %s {shlex.quote(SECRETS[output])}", "no_log": True, "register": "hushed"},
        {"shell": f"printf %s {shlex.quote(TWINS[output])}", "register": "spoken"},
        {"set_fact": {"hushed_fact": SECRETS[fact]}, "no_log": True},
        {"set_fact": {"spoken_fact": TWINS[fact]}},
        {"uri": {"url": where, "url_username": "me", "url_password": "{{ of_module }}"}, "ignore_errors": True},
        {"git": {"repo": secret_address, "dest": "{{ out }}/none"}, "ignore_errors": True},
        {"fail": {"msg": secret_address}, "ignore_errors": True},
    ]


def tasks_of(expression: str, number: str) -> list[dict[str, Any]]:
    """Every way in which a value comes out of a run."""
    value, said = "{{ " + expression + " }}", SAID.replace("E", expression)
    quoted = "{{ " + expression + " | quote }}"
    hushed = {"no_log": True, "ignore_errors": True}
    return [
        {"debug": {"msg": said}, "tags": ["brief"]},
        {
            "shell": f"printf '%s\\n' {quoted}; printf %s {quoted} | od -An -v -w999 -tx1 | tr -d ' ' >&2",
            "tags": ["brief"],
        },
        {"shell": f"echo {quoted} >&2; exit 3", "ignore_errors": True, "tags": ["brief"]},
        {"fail": {"msg": f"failed: {said}"}, "ignore_errors": True, "tags": ["brief"]},
        {"copy": {"dest": "{{ out }}/" + number, "content": f"{value}\n"}},
        {"copy": {"dest": "{{ out }}/" + number, "content": f"then {said}\n"}, "tags": ["brief"]},
        {"template": {"dest": "{{ out }}/" + number, "src": "it.j2"}, "vars": {"it": value}},
        {"lineinfile": {"path": "{{ out }}/" + number, "line": f"and {value}", "create": True}},
        {"assert": {"that": [expression + " == 'x'"], "fail_msg": said}, "ignore_errors": True},
        {"set_fact": {f"fact{number}": {"deep": [value]}}},
        {"debug": {"var": f"fact{number}"}, "name": f"said of {value}"},
        {"debug": {"msg": "{{ item }}"}, "loop": [value, {"k": value}]},
        {"debug": {"msg": "{{ item }}"}, "loop": [value], "when": "false", "tags": ["brief"]},
        {
            "shell": f"echo {quoted}; false",
            "until": "got is succeeded",
            "register": "got",
            "retries": 1,
            "delay": 0,
            "ignore_errors": True,
        },
        {"shell": "printenv PW", "environment": {"PW": value}},
        {"command": {"argv": ["/nonexistent/{{ " + expression + " }}"]}, "ignore_errors": True},
        {"debug": {"msg": "{{ " + expression + ".nope.x }} {{ " + expression + " | int / 0 }}"}, "ignore_errors": True},
        {"debug": {"msg": "{{ " + expression + " | from_json }}"}, "ignore_errors": True},
        {"block": [{"fail": {"msg": value}}], "rescue": [{"debug": {"var": "ansible_failed_result"}}]},
        {"shell": f"echo {quoted}; exit 3", **hushed},
    ]


def playbook() -> str:
    """Says every secret and every twin; YAML, since JSON has no encrypted values."""
    tasks = first_tasks()
    for number, said in enumerate(EXPRESSIONS):
        twin = tasks_of(said.twin, f"t{number}")
        tasks += tasks_of(said.secret, f"s{number}")
        tasks += twin if said.place == "encrypted value" else [task for task in twin if "tags" in task]
    for task in tasks[: len(first_tasks())]:
        task["tags"] = ["always"]
    asked = [
        {"name": "admin_password", "prompt": "type", "private": True, "default": SECRETS["private prompt"]},
        {"name": "typed_openly", "prompt": "type", "private": False, "default": TWINS["private prompt"]},
        {"name": "answer", "prompt": "type", "private": True},
        {"name": "answer_openly", "prompt": "type", "private": False},
    ]
    values = {
        **_vars(SECRETS),
        "of_other_module": TWINS["argument of a module"],
        "of_other_address": TWINS["password in an address"],
    }
    slow: list[dict[str, Any]] = [
        {"shell": "echo {{ sealed_value | quote }} {{ open_value | quote }}; sleep 60", "name": "slow", "timeout": 1},
        {"shell": "echo {{ sealed_value | quote }}; sleep 20", "name": "held", "when": "hold | default(false)"},
        {"name": "lost", "delegate_to": "gone", "debug": {"msg": "{{ sealed_value }} {{ open_value }}"}},
        {"name": "unreached", "delegate_to": "gone", "shell": "echo {{ sealed_value | quote }}"},
    ]
    for task in slow:
        task.update({"tags": ["brief"], "ignore_errors": True, "ignore_unreachable": True})
    lines = [
        "- hosts: h",
        "  gather_facts: false",
        "  vars_files: [sealed.yml, open.yml]",
        f"  vars_prompt: {json.dumps(asked)}",
        f"  vars: {json.dumps(values)}",
        f"  tasks: {json.dumps(tasks + slow)}",
    ]
    return "\n".join(lines) + "\n"


def make_project(folder: Path, host: Mapping[str, Any]) -> tuple[str, ...]:
    """Write the project, for a host that these variables reach; the words of its command line."""
    s, t = SECRETS, TWINS
    variables = {
        **host,
        "out": str(folder / "out"),
        "ansible_password": s["password of a connection"],
        "of_host": t["password of a connection"],
        "ansible_become_password": s["password of sudo"],
        "of_host2": t["password of sudo"],
    }
    group = {"ansible_sudo_pass": s["password of a group"], "of_group": t["password of a group"]}
    gone = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_password": s["password of a connection"]}
    files = {
        "site.yaml": playbook(),
        "hosts.yaml": json.dumps({"all": {"hosts": {"h": variables, "gone": gone}, "vars": group}}),
        "group_vars/all.yml": f"open_value: {json.dumps(t['encrypted value'])}\n"
        f"sealed_value: {inline(s['encrypted value'], 2)}\n",
        "sealed.yml": seal(json.dumps({"of_sealed": [{"it": s["encrypted file of variables"]}]})),
        "open.yml": json.dumps({"of_open": [{"it": t["encrypted file of variables"]}]}),
        "extra.yml": seal(json.dumps({"sealed_extra": s["encrypted extra variables"]})),
        "included_sealed.yml": seal(json.dumps({"included": s["included encrypted variables"]})),
        "included_open.yml": json.dumps({"included_openly": t["included encrypted variables"]}),
        "files/shut": seal(s["encrypted file"] + "\n"),
        "files/login": s["password in a file, of a connection"] + "\n",
        "files/sudo": s["password in a file, of sudo"] + "\n",
        "files/open1": t["password in a file, of a connection"] + "\n",
        "files/open2": t["password in a file, of sudo"] + "\n",
        "files/open3": t["encrypted file"] + "\n",
        "templates/it.j2": "it is {{ it }}\n",
    }
    write(folder, files)
    (folder / "out").mkdir()
    extra = {
        "ansible_ssh_passphrase": s["extra variable"],
        "extra": t["extra variable"],
        "open_extra": t["encrypted extra variables"],
        "answer": s["answer to a private prompt"],
        "answer_openly": t["answer to a private prompt"],
    }
    (folder / "openly.json").write_text(json.dumps(extra))
    words = ("site.yaml", "-i", "hosts.yaml", "-e", "@extra.yml", "-e", "@openly.json", "--vault-password-file", "pw")
    return (*words, "--connection-password-file", "files/login", "--become-password-file", "files/sudo")
