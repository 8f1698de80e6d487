"""Modules of a project's library: each kind started under each shell, hostile arguments, and what they print."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runner.errors import StepError
from runner.extensions.answer import NotJson, outcome_of, parse
from runner.extensions.kinds import Style, shape_of
from runner.extensions.module import LibraryModule
from runner.extensions.starting import as_json, as_words
from runner.model.call import Call, Diff, Fragment, Line, Outcome, Reply, Status, Upload
from tests.modules.harness import AS_SH, SHELLS, FolderDesk, drive, listing, run_lines

HOSTILE = (
    "'; touch PWNED; '",
    "$(touch PWNED)",
    "`touch PWNED`",
    "a b",
    "-rf",
    "--help",
    "x\ny\n",
    "\"'\\",
    " src=/etc/shadow",
    "a=b c='d",
    "\u202eünï\t",
    "%s%n\\0\\n",
    "x" * 5000,
    "",
)

SHELL_MODULE = """#!/bin/sh
. "$1"
printf %s "$value" >"$HOME/value"
ls -ln "$0" "$1" >"$HOME/modes"
printf %s "$1" >"$HOME/args"
echo '{"changed": true}'
"""
JSON_MODULE = f"""#!{sys.executable}
# WANT_JSON
import json, os, sys
args = json.load(open(sys.argv[1]))
print(json.dumps({{"value": args["value"], "argv": len(sys.argv), "env": dict(os.environ), "umask": os.umask(0)}}))
"""


def run(
    folder: Path,
    text: str | bytes,
    args: Mapping[str, Any],
    shell: str = "dash",
    said: list[str] | None = None,
    **more: Any,
) -> Outcome:
    """Run a module with this text; `folder` becomes the login's home."""
    path = folder.parent / f"{folder.name}-mod"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    folder.mkdir(exist_ok=True)
    names = more.pop("names", {})
    module = LibraryModule("mod", str(path), 0, (said if said is not None else []).append)
    return drive(module, Call("mod", "host", args, **more), shell, folder, FolderDesk(names=names))


@pytest.mark.busybox
@pytest.mark.parametrize("shell", [*SHELLS, *AS_SH])
def test_a_shell_module_gets_every_text_as_it_is(tmp_path: Path, shell: str) -> None:
    home = tmp_path / "ho'me $x"
    for value in HOSTILE:
        made = run(home, SHELL_MODULE, {"value": value}, shell)
        assert made.status is Status.CHANGED, made
        assert (home / "value").read_text() == value
    assert sorted(path.name for path in home.iterdir()) == ["args", "modes", "value"]


def test_module_and_arguments_are_private_and_gone_afterwards(tmp_path: Path) -> None:
    made = run(tmp_path / "home", SHELL_MODULE, {"value": "x"})
    assert made.status is Status.CHANGED, made
    modes = [line.split()[0] for line in (tmp_path / "home" / "modes").read_text().splitlines()]
    assert sorted(modes) == ["-rw-------", "-rwx------"]
    place = Path((tmp_path / "home" / "args").read_text())
    assert not place.exists()
    assert not place.parent.exists()


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_a_json_module_gets_every_value_as_it_is(tmp_path: Path, shell: str) -> None:
    value = [
        *HOSTILE,
        1,
        2.5,
        True,
        None,
        {"a": {"b": ["c"]}},
        "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    ]
    made = run(tmp_path / "home", JSON_MODULE, {"value": value}, shell, environment={"WORD": "it's"})
    assert made.values["value"] == value
    assert made.values["argv"] == 2
    assert made.values["env"]["WORD"] == "it's"
    assert not [name for name in made.values["env"] if name.startswith("pb_")]


def test_long_modules_and_arguments_travel_as_files(tmp_path: Path) -> None:
    made = run(tmp_path / "home", JSON_MODULE + "#" * 100_000, {"value": "x" * 200_000})
    assert made.values["value"] == "x" * 200_000


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_a_program(tmp_path: Path) -> None:
    source = tmp_path / "m.c"
    source.write_text(
        '#include <stdio.h>\nint main(int n, char **a) { FILE *f = fopen(a[1], "r"); char b[4096]; '
        'size_t s = fread(b, 1, 4095, f); b[s] = 0; printf("{\\"args\\": %s}\\n", b); return 0; }\n'
    )
    subprocess.run(["cc", "-o", tmp_path / "m", source], check=True)
    content = (tmp_path / "m").read_bytes()
    assert shape_of("mod", "m", content).style is Style.BINARY
    made = run(tmp_path / "home", content, {"value": "it's"})
    assert made.values["args"]["value"] == "it's"


def _uploaded(path: Path, item: Upload) -> Path:
    path.touch(0o600)
    path.write_bytes(item.content or b"")
    return path


@pytest.mark.root
def test_a_program_finds_a_folder_that_is_not_noexec(tmp_path: Path) -> None:
    """A program is a copy of `cat`: what it prints is its arguments."""
    mount = tmp_path / "noexec"
    mount.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "noexec", "none", mount], check=False, capture_output=True
    ).returncode:
        pytest.skip("cannot mount here")
    try:
        home, program = tmp_path / "home", Path(shutil.which("cat") or "/bin/cat")
        home.mkdir()
        module = LibraryModule("mod", str(program), 0, print)
        fragment = module.fragment(Call("mod", "host", {"value": "x"}), FolderDesk())
        assert isinstance(fragment, Fragment)
        uploads = {(0, item.name): str(_uploaded(mount / item.name, item)) for item in fragment.uploads}
        line = Line(0, 0, fragment)
        (reply,), _ = run_lines([line], home=home, env={"TMPDIR": str(mount)}, uploads=uploads)
        assert json.loads(reply.stdout)["value"] == "x", reply
        assert not list(home.iterdir())
        assert not list(mount.iterdir())
    finally:
        subprocess.run(["umount", mount], check=True)


def test_interpreters_are_the_hosts_or_the_ones_chosen(tmp_path: Path) -> None:
    script = "# WANT_JSON\nimport sys, json\n"
    script += 'print(json.dumps({"exe": sys.executable, "flags": sys.flags.dont_write_bytecode}))\n'
    chosen = {"ansible_python_interpreter": f"{sys.executable} -B"}
    for first in ("#!/usr/bin/python", "#!/usr/bin/env python", "#!/usr/bin/env -S python"):
        made = run(tmp_path / "home", f"{first}\n{script}", {}, names=chosen)
        assert made.values == {"exe": sys.executable, "flags": 1, "changed": False}, made
    for value in ("auto", "auto_silent", "", None):
        made = run(tmp_path / "home", f"#!/no/such/python3\n{script}", {}, names={"ansible_python3_interpreter": value})
        assert made.status is Status.OK, made
    made = run(tmp_path / "home", "#!/no/such/perl -w\nprint", {})
    assert made.msg == "the module 'mod' needs /no/such/perl, which is not on this host"
    made = run(tmp_path / "home", f"#!/bin/sh -e\nfalse\n{'# '}", {})
    assert "MODULE FAILURE" in made.msg
    assert made.values["rc"] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "#!/usr/bin/python\n\nfrom ansible.module_utils.basic import AnsibleModule\n",
            "(mod.py:3) needs Ansible's own",
        ),
        ("#!/usr/bin/python\n#<<INCLUDE_ANSIBLE_MODULE_COMMON>>\n", "(mod.py:2) needs Ansible's own"),
        ("#!/usr/bin/python\nimport ansible.module_utils.urls\n", "(mod.py:2) needs Ansible's own"),
        ("#!/usr/bin/python\nfrom ..module_utils.api import x\n", "(mod.py:2) needs Ansible's own"),
        ("#!/usr/bin/python\nfrom ansible_collections.a.b.plugins.module_utils import x\n", "needs Ansible's own"),
        ("#!powershell\n#Requires -Module Ansible.ModuleUtils.Legacy\n", "is for Windows"),
        ("echo hi\n", "has no first line like '#!/bin/sh'"),
        ("", "has no first line like '#!/bin/sh'"),
    ],
)
def test_what_cannot_run_without_ansible_says_so(text: str, words: str) -> None:
    with pytest.raises(StepError) as caught:
        shape_of("mod", "mod.py", text.encode())
    assert words in str(caught.value)


def test_arguments_that_no_file_of_words_can_hold() -> None:
    for args in ({"a b": 1}, {"a;touch PWNED": 1}, {"a=": 1}, {"": 1}, {"a": "x\0y"}):
        with pytest.raises(StepError):
            as_words(args)
    with pytest.raises(StepError, match="JSON"):
        as_json({"a": float("nan")})


def test_a_dry_run_does_not_start_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    before = listing(home)
    made = run(home, SHELL_MODULE, {"value": "x"}, check=True)
    assert made.unknown
    assert listing(home) == before


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('motd\n  {"a": 1,\n "b": "}"}\n', {"a": 1, "b": "}"}),
        ('{"a": 1}\nbye\n', {"a": 1}),
        ('[1]\n{"a": 1}', {"a": 1}),
        ("", None),
        ("hello", None),
        ("[1, 2]", None),
        ('{"a": NaN}', None),
        ('{"a": Infinity}', None),
        ("{'a': 1}", None),
        ('{"a": 1', None),
        ('{"a": ' + "[" * 100_000 + "}", None),
        ('{"a": 1}{"b": 2}', None),
        ('{"a": ' + "9" * 5000 + "}", None),
    ],
)
def test_only_json_is_read(output: str, found: dict[str, Any] | None) -> None:
    if found is None:
        with pytest.raises(NotJson):
            parse(output)
    else:
        assert parse(output)[0] == found


def answered(found: Mapping[str, Any], rc: int = 0) -> tuple[Outcome, list[str]]:
    said: list[str] = []
    return outcome_of("mod", Reply(0, 0, rc=rc, stdout=json.dumps(found).encode()), said.append), said


def test_facts_cannot_steer_the_run() -> None:
    steering = ["ansible_host", "ansible_user", "ansible_connection", "ansible_become", "ansible_python_interpreter"]
    steering += ["ansible_become_password", "ansible_ssh_args", "inventory_hostname", "hostvars", "groups", "vars"]
    steering += ["ansible_doas_pass", "ansible_play_hosts", "perl_interpreter", "ansible_facts", "_ansible_x", "omit"]
    made, said = answered({"ansible_facts": {**dict.fromkeys(steering, "evil"), "colour": "red"}})
    assert made.own_facts == {"colour": "red"}
    assert len(said) == len(steering)


def test_what_a_module_says_is_read_as_ansible_reads_it() -> None:
    made, said = answered({"changed": "yes", "msg": "m", "warnings": ["w"], "diff": {"before": "a", "after": {"b": 1}}})
    assert (made.status, made.msg, made.warnings, said) == (Status.CHANGED, "m", ("w",), [])
    said = answered({"deprecations": [{"msg": "old", "version": "3"}, "older"]})[1]
    assert said == ["deprecated: old", "deprecated: older"]
    assert made.diff == (Diff("a", '{\n    "b": 1\n}\n'),)
    assert answered({"rc": 1})[0].msg == "non-zero return code"
    assert answered({"failed": True, "ansible_facts": {"a": 1}})[0].own_facts == {}
    assert answered({"msg": ["a", 1]})[0].values["msg"] == ["a", 1]
    assert answered({"ansible_facts": "x", "diff": 3, "warnings": 4})[0].status is Status.OK
    assert answered({"x": {"_ansible_y": 1, "z": [{"_ansible_y": 1}]}})[0].values["x"] == {"z": [{}]}


def test_a_secret_step_warns_of_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    text = '#!/bin/sh\necho \'{"deprecations": ["secret"]}\'\necho secret\n'
    run(tmp_path / "home", text, {}, said=said, no_log=True)
    assert said == []
    run(tmp_path / "home", text, {}, said=said)
    assert len(said) == 2


def test_the_umask_is_the_logins(tmp_path: Path) -> None:
    run(tmp_path / "home", "#!/bin/sh\n>\"$HOME/new\"\necho '{}'\n", {})
    assert stat.S_IMODE(os.stat(tmp_path / "home" / "new").st_mode) == 0o644  # noqa: PTH116
