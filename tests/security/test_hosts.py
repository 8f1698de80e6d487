"""Hosts that say templates and false facts, runs that share a host, passwords like templates, a key that changes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from runner.execute.scope import StepScope
from runner.journal.place import new_run_id
from runner.model.values import Template
from runner.preparation import make_templar
from tests.end_to_end.process import Ran, environment, pbrun
from tests.sshd_farm import Farm, make_key, sshd_farm, throwaway_user

pytestmark = pytest.mark.sshd

LINES = [
    "{{ 7*7 }}",
    "{{ lookup('pipe','touch PWNED') }}",
    "{% for x in [1] %}P{% endfor %}",
    "{{ '{{' }} 7*7 {{ '}}' }}",
    "{#",
    "{%- raw -%}",
    "a}}b{{7*7",
]


def write_site(folder: Path, tasks: Mapping[str, Sequence[Any]], hosts: Mapping[str, Mapping[str, Any]]) -> None:
    """A playbook with a play for each pattern, and its inventory."""
    plays = [{"hosts": pattern, "gather_facts": False, "tasks": list(each)} for pattern, each in tasks.items()]
    (folder / "site.yaml").write_text(json.dumps(plays))
    (folder / "hosts.yaml").write_text(json.dumps({"all": {"hosts": hosts}}))


def variables(farm: Farm, number: int, **more: Any) -> dict[str, Any]:
    """How a host of the farm is reached."""
    found = {
        "ansible_host": farm.addresses[number],
        "ansible_port": farm.port,
        "ansible_user": farm.user,
        "ansible_ssh_private_key_file": str(farm.key),
        "ansible_ssh_common_args": " ".join(farm.ssh_args()),
    }
    return {**found, **more}


def run(folder: Path, *words: str) -> Ran:
    return pbrun(folder, "site.yaml", "-i", "hosts.yaml", "-vv", "-D", *words, cwd=folder)


def test_what_hosts_say_is_literal_on_every_way(tmp_path: Path, farm: Farm) -> None:
    there = tmp_path / "there"
    (there / "names").mkdir(parents=True)
    (there / "p").write_text("\n".join(LINES) + "\n")
    for line in LINES:
        (there / "names" / line.replace("/", "_")).touch()
    text = "\n".join(LINES)
    quoted = "{{ item | quote }}"
    evil = [
        {"command": f"cat {there}/p", "register": "r"},
        {"set_fact": {"x": "{{ r.stdout }}", "y": "pre {{ r.stdout }} post", "z": "{{ [r.stdout] + ['k'] }}"}},
        {"debug": {"msg": "{{ x }} {{ y }} {{ z }} {{ x | default('') | upper | lower }}"}},
        {"copy": {"dest": f"{there}/o1", "content": "{{ x }}"}},
        {"copy": {"dest": f"{there}/o2", "content": "first\n{{ y }}\n"}},
        {"shell": f"echo {quoted} >>{there}/o4", "loop": "{{ r.stdout_lines }}"},
        {"assert": {"that": ["x is defined", "x != '49'"]}},
        {"debug": {"msg": "hi"}, "when": "r.stdout is search('7')"},
        {"debug": {"msg": "EVALUATED"}, "when": "{{ r.stdout_lines[0] }}", "ignore_errors": True},
        {"shell": f"cat {there}/p >&2; exit 4", "register": "bad", "ignore_errors": True},
        {"template": {"dest": f"{there}/o5", "src": "bad.j2"}},
        {"find": {"paths": f"{there}/names"}, "register": "found"},
        {"copy": {"dest": f"{there}/o6", "content": "{{ found.files | map(attribute='path') | sort | join('\n') }}"}},
        {"slurp": {"src": f"{there}/p"}, "register": "slurped"},
        {"copy": {"dest": f"{there}/o7", "content": "{{ slurped.content | b64decode }}"}},
        {"shell": "printenv IT", "environment": {"IT": "{{ r.stdout }}"}, "register": "env"},
        {"copy": {"dest": f"{there}/o8", "content": "{{ env.stdout }}"}},
        {"fetch": {"src": f"{there}/p", "dest": "here/", "flat": True}},
        {"copy": {"dest": f"{there}/o9", "content": "{{ lookup('file', 'here/p') }} {{ answer }}"}},
    ]
    good = [
        {"copy": {"dest": f"{there}/o3", "content": "{{ hostvars['evil'].x }} {{ hostvars['evil']['r']['stdout'] }}"}}
    ]
    (tmp_path / "bad.j2").write_text("{{ bad.stderr }}|{{ bad.msg }}")
    write_site(tmp_path, {"evil": evil, "good": good}, {"evil": variables(farm, 0), "good": variables(farm, 1)})
    # An answer to a prompt, as text that no file of the project holds.
    play = json.loads((tmp_path / "site.yaml").read_text())
    play[0]["vars_prompt"] = [{"name": "answer", "default": "{{ '{{ 7' ~ '*7 }}' }}"}]
    (tmp_path / "site.yaml").write_text(json.dumps(play))
    done = run(tmp_path)
    assert done.code == 0, done.told()
    names = "\n".join(sorted(f"{there}/names/{line.replace('/', '_')}" for line in LINES))
    expected = {
        "o1": text, "o2": f"first\npre {text} post\n", "o3": f"{text} {text}", "o4": f"{text}\n", "o6": names,
        "o7": f"{text}\n", "o8": text, "o9": f"{text} {{{{ 7*7 }}}}",
    }  # fmt: skip
    assert {name: (there / name).read_text() for name in expected} == expected
    assert (there / "o5").read_text().startswith(f"{text}|")
    assert not [line for line in done.results() if line["msg"] == "EVALUATED"]
    assert not re.search(r"(?<![\w.:])49(?![\w.:])", done.out)
    assert not list(tmp_path.glob("**/PWNED")) and not (Path.home() / "PWNED").exists()


EVIL_FACTS = {
    "ansible_host": "OTHER",
    "ansible_port": 1,
    "ansible_user": "nobody",
    "ansible_connection": "local",
    "ansible_python_interpreter": "/tmp/x",
    "ansible_shell_executable": "/tmp/x",
    "ansible_become": True,
    "ansible_become_exe": "/tmp/x",
    "pkg_mgr": "../../tmp/x",
    "inventory_hostname": "good",
    "ansible_facts": {"ansible_host": "OTHER", "ansible_connection": "local"},
    "hostvars": {"good": {"word": "evil"}},
    "harmless": "told",
}


def test_false_facts_lead_no_connection_elsewhere(tmp_path: Path, farm: Farm) -> None:
    (tmp_path / "library").mkdir()
    answer = json.dumps({"ansible_facts": EVIL_FACTS}).replace("OTHER", farm.addresses[1])
    module = tmp_path / "library" / "lies"
    module.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n")
    module.chmod(0o755)
    where = {"shell": 'echo "$SSH_CONNECTION" $(id -un)', "register": "where"}
    told = "{{ where.stdout }} {{ inventory_hostname }} {{ hostvars.good.word }} {{ ansible_facts.harmless }}"
    tasks = [{"lies": {}}, {"meta": "reset_connection"}, where, {"debug": {"msg": told}}]
    write_site(tmp_path, {"evil": tasks}, {"evil": variables(farm, 0), "good": variables(farm, 1, word="own")})
    before = farm.log()
    done = run(tmp_path)
    assert done.code == 0, done.told()
    (said,) = [line["msg"] for line in done.results(module="debug")]
    words = said.split()
    assert words[2] == farm.addresses[0] and words[4:] == [farm.user, "evil", "own", "told"]
    log = farm.log()[len(before) :]
    assert log.count(f"on {farm.addresses[0]} port") >= 2 and f"on {farm.addresses[1]} port" not in log


def test_two_runs_on_one_host_keep_apart(tmp_path: Path) -> None:
    """At once, with the same names of tasks, files and jobs; what a first run left is in the way of neither."""
    target = tmp_path / "tmp"
    target.mkdir()
    target.chmod(0o777)
    with sshd_farm(options=(f"SetEnv TMPDIR={target} HOME={tmp_path}",), first_address=61) as farm:
        processes, folders = [], []
        for number in range(2):
            folder = tmp_path / f"run{number}"
            folder.mkdir()
            word = f"only-of-{number}"
            tasks = [
                {"shell": f"echo {word}; sleep 0.3; ls -a {target}", "register": "r", "loop": [1, 2]},
                {"copy": {"dest": f"{folder}/made", "content": "{{ r.results | map(attribute='stdout') | list }}"}},
                {"shell": f"sleep 0.3; echo {word}", "async": 20, "poll": 1, "register": "job"},
                {"copy": {"dest": f"{folder}/job", "content": "{{ job.stdout }}"}},
            ]
            write_site(folder, {"h": tasks}, {"h": variables(farm, 0)})
            command = [sys.executable, "-m", "runner", "site.yaml", "-i", "hosts.yaml"]
            processes.append(subprocess.Popen(command, cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL))
            folders.append(folder)
        assert [process.wait(100) for process in processes] == [0, 0]
    names: list[set[str]] = []
    for number, folder in enumerate(folders):
        made = (folder / "made").read_text()
        assert (folder / "job").read_text() == f"only-of-{number}"
        assert f"only-of-{number}" in made and f"only-of-{1 - number}" not in made
        names.append(set(re.findall(r"\.pb-[\w.-]+", made.replace("\\n", "\n"))))
    assert len(names[0] | names[1]) >= 2
    assert all(re.search(r"-[0-9a-f]{32}$", name) for name in names[0] | names[1])
    assert list(target.iterdir()) == []


# Whatever appears in the shared folder is tried at once, in every way that another user has.
RACE = """
while [ ! -e "$1/stop" ]; do
  for it in "$1"/.pb-*; do
    [ -e "$it" ] || continue
    echo "$it" >>"$2/seen"
    ls "$it" >>"$2/won" 2>/dev/null
    for name in 0 o.1.0 e.1.0 u f done; do
      ln -s "$3" "$it/$name" 2>/dev/null && echo "$it/$name" >>"$2/won"
      mkfifo "$it/$name" 2>/dev/null && echo "$it/$name" >>"$2/won"
    done
    mv "$it" "$it.moved" 2>/dev/null && echo "$it" >>"$2/won"
    chmod 777 "$it" 2>/dev/null && echo "$it" >>"$2/won"
  done
done
"""


@pytest.mark.root
def test_another_user_who_races_gets_nothing_in(tmp_path: Path) -> None:
    """A user of the host who sees every name as soon as it is there, against files, scripts, jobs and uploads."""
    with tempfile.TemporaryDirectory(prefix="race-") as name:
        Path(name).chmod(0o755)
        _race(Path(name), tmp_path)


def _race(place: Path, tmp_path: Path) -> None:
    target, notes, victim = place / "tmp", place / "notes", place / "victim"
    for folder in (target, notes):
        folder.mkdir()
        folder.chmod(0o1777)
    victim.write_text("as it was")
    (tmp_path / "script.sh").write_text("echo from a script\n")
    tasks = [
        {"shell": "sleep 0.4; echo $HOME"},
        {"copy": {"dest": str(tmp_path / "made"), "content": "x" * 40000}},
        {"script": "script.sh"},
        {"shell": "sleep 0.2; echo job", "async": 20, "poll": 1},
        {"copy": {"dest": str(tmp_path / "made"), "content": "y" * 70000}},
        {"shell": "sleep 0.2; cat", "args": {"stdin": "typed"}},
    ]
    options = (f"SetEnv TMPDIR={target} HOME={tmp_path}",)
    with throwaway_user() as (user, _), sshd_farm(options=options, first_address=64) as farm:
        write_site(tmp_path, {"h": tasks}, {"h": variables(farm, 0)})
        command = ["sh", "-c", RACE, "sh", str(target), str(notes), str(victim)]
        racer = subprocess.Popen(command, user=user, group=user, stdin=subprocess.DEVNULL)
        try:
            done = run(tmp_path)
        finally:
            (target / "stop").touch()
            racer.wait(30)
    assert done.code == 0, done.told()
    assert (notes / "seen").exists(), "the race was none"
    assert (notes / "won").read_text() == ""
    assert victim.read_text() == "as it was" and (tmp_path / "made").read_text() == "y" * 70000


def test_names_differ_over_many_processes() -> None:
    """Names of runs, sessions and what stands in passwords, made in processes that were forked from one."""
    made: list[str] = []
    for _ in range(3):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            names = [name for _ in range(100) for name in (new_run_id(), *context_names())]
            os.write(write, " ".join(names).encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as file:
            made += file.read().split()
        os.waitpid(pid, 0)
    assert len(made) == 3 * 200 == len(set(made))


def context_names() -> list[str]:
    """A value that templates make at random."""
    templar = make_templar()
    return [str(templar.render(Template("{{ 99999999999999 | random }}"), StepScope((), {})))]


@pytest.mark.root
@pytest.mark.parametrize("password", ["{{ 7*7 }} %h%% {{ lookup('pipe','touch PWNED') }}{#", " '%s\"\\n$(id)` \tx"])
def test_a_password_like_a_template_is_literal(tmp_path: Path, password: str) -> None:
    options = ("PasswordAuthentication yes", "PubkeyAuthentication no")
    with throwaway_user(password) as (user, _), sshd_farm(options=options, user=user, first_address=62) as farm:
        (tmp_path / "word").write_text(password + "\n")
        found = variables(farm, 0)
        del found["ansible_ssh_private_key_file"]
        tasks = [{"shell": "echo in"}]
        hosts = {"typed": found, "said": {**found, "ansible_password": "{{ lookup('file', 'word') }}"}}
        write_site(tmp_path, {"all": tasks}, hosts)
        done = run(tmp_path, "--connection-password-file", "word")
        assert done.code == 0, done.told()
        assert farm.log().count(f"Accepted password for {user}") == 2
        assert "Failed password" not in farm.log()
    assert not (tmp_path / "PWNED").exists() and password not in done.told()


def test_a_key_that_changes_between_two_tasks(tmp_path: Path) -> None:
    with sshd_farm(first_address=63) as farm:
        (host_key,) = farm.host_keys
        other = make_key(tmp_path / "other")
        swap = f"cat {other} >{host_key} && kill -HUP {farm.processes[0].pid} && sleep 1"
        tasks = [
            {"shell": "echo before"},
            {"shell": swap, "delegate_to": "localhost"},
            {"meta": "reset_connection"},
            {"shell": f"touch {tmp_path}/reached"},
        ]
        words = farm.ssh_args("StrictHostKeyChecking=accept-new")
        host = variables(farm, 0, ansible_ssh_common_args=" ".join(words))
        write_site(tmp_path, {"h": tasks}, {"h": host, "localhost": {"ansible_connection": "local"}})
        done = run(tmp_path)
        assert done.code != 0 and "has changed" in done.out, done.told()
        assert not (tmp_path / "reached").exists()
        assert farm.log().count("Accepted publickey") == 1
