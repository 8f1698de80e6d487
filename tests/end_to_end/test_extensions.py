"""A project's own plug-ins and modules as its user sees them: on hosts, when they fail, when they are not trusted."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.end_to_end.process import pbrun
from tests.sshd_farm import Farm

SHELL_MODULE = """#!/bin/sh
. "$1"
echo "{\\"changed\\": true, \\"home\\": \\"$HOME\\", \\"ansible_facts\\": {\\"word\\": \\"$word\\"}}"
"""
JSON_MODULE = """#!/usr/bin/python
# WANT_JSON
import json, sys
args = json.load(open(sys.argv[1]))
print(json.dumps({"changed": False, "got": args["value"], "rc": 0}))
"""
SITE = r"""
- hosts: all
  gather_facts: false
  vars: {value: [1, "ü '\"\n$(id)", {a: null}]}
  tasks:
    - {name: shell, told: {word: "{{ 'it is' | shout }}"}}
    - {name: word, debug: {msg: "{{ word }} {{ ansible_facts.word }}"}}
    - {name: json, jsoned: {value: "{{ value }}"}, when: python | default(true) | bool, register: r}
    - {name: got, assert: {that: r.got == value}, when: r is not skipped}
"""
FILTERS = """
from ansible.errors import AnsibleFilterError
def shout(value):
    if not isinstance(value, str):
        raise AnsibleFilterError(f"no text: {value}")
    return value.upper()
class FilterModule:
    def filters(self):
        return {"shout": shout, "odd": lambda value: 1 / value}
"""


def project(folder: Path, more: Mapping[str, str]) -> Path:
    """A project of the files above and `more` (path: text)."""
    every = {
        "site.yaml": SITE,
        "filter_plugins/f.py": FILTERS,
        "library/told.sh": SHELL_MODULE,
        "library/jsoned.py": JSON_MODULE,
        **more,
    }
    for name, text in every.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.sshd
def test_on_openssh_hosts(tmp_path: Path, farm: Farm) -> None:
    folder = project(tmp_path / "p", {"hosts": "\n".join(farm.inventory_lines()) + "\n"})
    ran = pbrun(tmp_path, "site.yaml", "-i", "hosts", cwd=folder)
    assert ran.code == 0, ran.told()
    assert [line["msg"] for line in ran.results(task="word")] == ["IT IS IT IS"] * 3
    dry = pbrun(tmp_path, "site.yaml", "-i", "hosts", "--check", cwd=folder)
    assert dry.code == 0, dry.told()
    assert {line["prediction"] for line in dry.results(final=True)} == {"unknown"}


@pytest.mark.dropbear
@pytest.mark.root
def test_on_a_host_with_busybox_alone(tmp_path: Path, dropbear: Farm) -> None:
    folder = project(tmp_path / "p", {"hosts": "\n".join(dropbear.inventory_lines()) + "\n"})
    ran = pbrun(tmp_path, "site.yaml", "-i", "hosts", "-e", "python=false", cwd=folder)
    assert ran.code == 0, ran.told()
    assert [line["msg"] for line in ran.results(task="word")] == ["IT IS IT IS"]


BROKEN = """
- hosts: all
  gather_facts: false
  ignore_errors: true
  tasks:
    - {name: filter, debug: {msg: "{{ 3 | shout }}"}}
    - {name: surprise, debug: {msg: "{{ 0 | odd }}"}}
    - {name: test, debug: {msg: x}, when: 1 is strange}
    - {name: import, debug: {msg: "{{ 1 | deep }}"}}
    - {name: lookup, debug: {msg: "{{ lookup('lost', 'it') }}"}}
    - {name: loop, debug: {msg: x}, with_lost: [it]}
    - {name: no list, debug: {msg: "{{ lookup('nolist') }}"}}
    - {name: no class, debug: {msg: "{{ lookup('empty') }}"}}
    - {name: no json, silent: {}}
    - {name: needs ansible, modern: {}}
    - {name: action, acts: {}}
    - {name: free text, told: some words}
    - {name: no such filter, debug: {msg: "{{ 1 | nowhere }}"}}
"""
LOOKUP = """from ansible.plugins.lookup import LookupBase
from ansible.errors import AnsibleLookupError
class LookupModule(LookupBase):
    def run(self, terms, variables, **_):
"""
BROKEN_FILES = {
    "broken.yaml": BROKEN,
    "filter_plugins/deep.py": "from ansible.parsing.dataloader import DataLoader\n"
    "class FilterModule:\n    def filters(self):\n        return {'deep': len}\n",
    "test_plugins/t.py": "class TestModule:\n    def tests(self):\n        return {'strange': lambda v: v.odd}\n",
    "lookup_plugins/lost.py": LOOKUP + "        raise AnsibleLookupError('lost: %s' % terms)\n",
    "lookup_plugins/nolist.py": LOOKUP + "        return 3\n",
    "lookup_plugins/empty.py": "",
    "library/silent": "#!/bin/sh\necho oops\necho why >&2\nexit 4\n",
    "library/modern.py": "#!/usr/bin/python\nfrom ansible.module_utils.basic import AnsibleModule\n",
    "library/acts": "#!/bin/sh\n",
    "action_plugins/acts.py": "",
}
SAID = {
    "filter": "the filter 'shout' failed: no text: 3 (P/filter_plugins/f.py:5) (broken.yaml:6:35)",
    "surprise": "the filter 'odd' failed: division by zero (P/filter_plugins/f.py:9) (broken.yaml:7:37)",
    "test": "The conditional check '1 is strange' failed. The error was: the test 'strange' failed: 'int' object has "
    "no attribute 'odd' (P/test_plugins/t.py:3) (broken.yaml:8:43)",
    "import": "the filter plug-in cannot be used: P/filter_plugins/deep.py:1: it imports ansible.parsing.dataloader, "
    "which is a part of Ansible itself (broken.yaml:9:35)",
    "lookup": "the lookup 'lost' failed: lost: ['it'] (P/lookup_plugins/lost.py:5) (broken.yaml:10:35)",
    "loop": "lost: ['it'] (P/lookup_plugins/lost.py:5)",
    "no list": "the lookup 'nolist' failed: it must give a list, not int (P/lookup_plugins/nolist.py) "
    "(broken.yaml:12:36)",
    "no class": "the lookup 'empty' failed: the lookup plug-in cannot be used: P/lookup_plugins/empty.py has no class "
    "LookupModule (broken.yaml:13:37)",
    "no json": "MODULE FAILURE: what silent printed is not a JSON object: no line begins with '{' (rc=4): why",
    "needs ansible": "the module 'modern' (P/library/modern.py:2) needs Ansible's own Python library on the host, "
    "which pbrun does not bring: write it as one that reads its arguments from a file of JSON (WANT_JSON), or use "
    "pbrun's modules",
    "action": "'acts' is an action plug-in of Ansible (P/action_plugins/acts.py), which pbrun cannot run",
    "free text": "told takes no free text: 'some words' (write name=value)",
    "no such filter": "template syntax: no filter named 'nowhere' (broken.yaml:18:51)",
}


def test_what_fails_says_why_and_where(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", BROKEN_FILES)
    ran = pbrun(tmp_path, "broken.yaml", "-i", "localhost,", "-c", "local", cwd=folder)
    assert {line["task"]: line["msg"].replace(str(folder), "P") for line in ran.results(final=True)} == SAID
    assert "action plug-ins are not supported; not used: action_plugins/acts.py" in ran.err
    assert ran.err.count("warning: the filter plug-in cannot be used") == 1
    assert ran.code == 0, ran.told()


def test_a_module_of_ours_is_not_replaced_in_silence(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", {"library/copy": "#!/bin/sh\necho '{}'\n", "callback_plugins/c.py": ""})
    ran = pbrun(tmp_path, "site.yaml", "-i", "localhost,", "-c", "local", cwd=folder)
    assert ran.code == 0, ran.told()
    assert "not used: 'copy' is one of pbrun's own modules" in ran.err
    assert "callback plug-ins are not supported; not used: callback_plugins/c.py" in ran.err


CANARY = """
from pathlib import Path
Path({path!r}).touch()
class FilterModule:
    def filters(self):
        return {{"shout": str.upper}}
"""
UNTRUSTED = """
- hosts: all
  gather_facts: false
  tasks:
    - {debug: {msg: "{{ 'x' | shout }}"}, ignore_errors: true}
    - told: {}
"""


@pytest.mark.parametrize("where", ["cwd", "playbook"])
def test_folders_that_anybody_can_write_to_are_left_out(tmp_path: Path, where: str) -> None:
    pwned, open_folder = tmp_path / "PWNED", tmp_path / "open"
    for kind in ("filter", "test", "lookup"):
        (open_folder / f"{kind}_plugins").mkdir(parents=True)
        (open_folder / f"{kind}_plugins" / "x.py").write_text(CANARY.format(path=str(pwned)))
    (open_folder / "library").mkdir()
    (open_folder / "library" / "told").write_text(f"#!/bin/sh\ntouch {pwned}\necho '{{}}'\n")
    (tmp_path / "site.yaml").write_text(UNTRUSTED)
    (open_folder / "site.yaml").write_text(UNTRUSTED)
    open_folder.chmod(0o777)
    playbook = "../site.yaml" if where == "cwd" else "site.yaml"
    ran = pbrun(tmp_path, playbook, "-i", "localhost,", "-c", "local", cwd=open_folder)
    assert ran.code == 2, ran.told()
    assert not pwned.exists()
    assert ("anybody can write to" in ran.err) == (where == "playbook")
    assert "no filter named 'shout'" in ran.out


SECRETIVE = """
- hosts: all
  gather_facts: false
  ignore_errors: true
  tasks:
    - {name: fails, debug: {msg: "{{ ['no', ansible_password] | shout }}"}}
    - {name: told, told: {word: "{{ ansible_password }}"}, register: r}
    - {name: twin, debug: {msg: "{{ 'visible-twin' | shout }} {{ r.ansible_facts.word | length }}"}}
    - {name: secretly, told: {word: hidden-word}, no_log: true}
"""


def test_secrets_stay_masked_in_what_plug_ins_say(tmp_path: Path) -> None:
    secret = "S3CRET-canary-7431"
    hosts = f"localhost ansible_connection=local ansible_password={secret}\n"
    folder = project(tmp_path / "p", {"site.yaml": SECRETIVE, "hosts": hosts})
    ran = pbrun(tmp_path, "site.yaml", "-i", "hosts", "-vvv", cwd=folder)
    assert ran.code == 0, ran.told()
    everything = ran.told() + str(ran.log)
    assert secret not in everything
    assert "hidden-word" not in everything
    assert "VISIBLE-TWIN 18" in everything
    assert str(folder / "filter_plugins" / "f.py") in ran.log[0]["files"]
    notices = [line["message"] for line in ran.log if line["type"] == "notice"]
    assert any("f.py:5 in shout" in message for message in notices)
