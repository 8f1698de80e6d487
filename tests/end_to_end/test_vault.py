"""What was encrypted reaches hosts and nothing else: no screen, no log, no difference, whatever is done with it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from runner.cli.main import main
from tests.end_to_end.process import Ran, pbrun
from tests.vault.sealing import inline, seal, write

INLINE = "S3CRET-inline-0d1f"
IN_FILE = "S3CRET-file-77aa"
IN_TEMPLATE = "S3CRET-url-4b4b"
CONTENT = "S3CRET-content-e5e5"
TASK = "S3CRET-task-9c9c"
IN_GROUP = "S3CRET-group-3131"
SHORT = "q7"
CANARIES = (INLINE, IN_FILE, IN_TEMPLATE, IN_GROUP, CONTENT, TASK)

BOOK = f"""
- hosts: h
  gather_facts: false
  vars_files: [sealed.yml]
  vars:
    inline: {inline(INLINE, 6)}
    both: {{a: "{{{{ inline }}}}", b: [{{c: "{{{{ of_file }}}}"}}]}}
  tasks:
    - debug: {{msg: "twin-of-inline {{{{ inline }}}} {{{{ of_file }}}} {{{{ url }}}} {{{{ short }}}}"}}
    - debug: {{var: both}}
    - debug: {{msg: "{{{{ both | to_json }}}} {{{{ inline | b64encode }}}} {{{{ inline | urlencode }}}}"}}
    - debug: {{var: hostvars.h.of_group}}
    - set_fact: {{copy_of: "{{{{ inline }}}}/{{{{ of_file }}}}"}}
    - copy: {{dest: "{{{{ out }}}}/a", content: "twin-of-file\\n{{{{ inline }}}}\\n{{{{ of_file }}}}\\n"}}
    - copy: {{dest: "{{{{ out }}}}/a", content: "changed\\n{{{{ of_file }}}}\\n"}}
    - template: {{src: open.j2, dest: "{{{{ out }}}}/b"}}
    - template: {{src: shut.j2, dest: "{{{{ out }}}}/c"}}
    - copy: {{src: shut.txt, dest: "{{{{ out }}}}/d"}}
    - copy: {{src: shut.txt, dest: "{{{{ out }}}}/b"}}
    - lineinfile: {{path: "{{{{ out }}}}/a", line: "line {{{{ inline }}}}"}}
    - shell: echo "twin-of-shell $PW" {{{{ of_file }}}}
      environment: {{PW: "{{{{ inline }}}}"}}
      register: said
    - debug: {{var: said}}
    - debug: {{msg: "{{{{ item }}}}"}}
      loop: ["{{{{ inline }}}}", {{k: "{{{{ of_file }}}}"}}, "{{{{ lookup('file', 'shut.txt') }}}}"]
    - include_vars: {{file: sealed.yml}}
    - include_tasks: sealed_tasks.yml
    - assert: {{that: inline == 'x', fail_msg: "no {{{{ inline }}}}"}}
      ignore_errors: true
    - command: /nonexistent/{{{{ of_file }}}}
      ignore_errors: true
    - debug: {{msg: "{{{{ inline | int / 0 }}}} {{{{ of_file.x.y }}}}"}}
      ignore_errors: true
    - fail: {{msg: "the end of {{{{ inline }}}} {{{{ lookup('unvault', 'shut.txt') }}}}"}}
"""
FILES = {
    "site.yaml": BOOK,
    "sealed.yml": seal(
        f'of_file: {IN_FILE}\nshort: {SHORT}\nurl: "http://me:{IN_TEMPLATE}@{{{{ inventory_hostname }}}}/"\n'
    ),
    "sealed_tasks.yml": seal(f"- {{name: twin-of-task, debug: {{msg: '{{{{ x }}}}'}}, vars: {{x: {TASK}}}}}\n"),
    "group_vars/all.yml": seal(f"of_group: {{deep: [{IN_GROUP}]}}\n"),
    "files/shut.txt": seal(f"first line of it\n{CONTENT}\n"),
    "templates/shut.j2": seal(f"{{{{ inline }}}} {CONTENT}\n"),
    "templates/open.j2": "twin-of-template {{ inline }} {{ url }}\n",
}


def run(folder: Path, *words: str) -> Ran:
    write(folder, FILES)
    (folder / "out").mkdir(exist_ok=True)
    inventory = f"h ansible_connection=local out={folder}/out\n"
    (folder / "hosts").write_text(inventory)
    return pbrun(folder, "site.yaml", "-i", "hosts", "--vault-password-file", "pw", *words, cwd=folder)


def assert_nothing_shows(folder: Path, done: Ran) -> None:
    said = done.out + done.err + "".join(path.read_text() for path in folder.glob("log-*"))
    for canary in CANARIES:
        data = canary.encode()
        for form in (canary, canary.upper(), base64.b64encode(data).decode(), data.hex(), canary[::-1]):
            assert form not in said, form
    assert f'"{SHORT}"' not in said


@pytest.mark.parametrize("words", [("-vvvv", "--diff"), ("-vvvv", "--diff", "--check"), ("--output", "json", "-D")])
def test_no_secret_shows(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run(tmp_path, *words)
    assert done.code == 2, done.told()
    assert_nothing_shows(tmp_path, done)
    said = done.out + "".join(path.read_text() for path in tmp_path.glob("log-*"))
    for twin in ("twin-of-inline", "twin-of-file", "twin-of-task", "twin-of-template"):
        assert twin in said, twin
    if "--check" not in words:
        assert "twin-of-shell" in said
        assert (tmp_path / "out/a").read_text() == f"changed\n{IN_FILE}\nline {INLINE}\n"
        assert (tmp_path / "out/b").read_text() == f"first line of it\n{CONTENT}\n"
        assert (tmp_path / "out/c").read_text() == f"{INLINE} {CONTENT}\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sealed.yml", f"a: [{IN_FILE}\nb: {IN_FILE}\n"),
        ("sealed.yml", f"a: {{{{ {IN_FILE} }}}}\n"),
        ("sealed.yml", f"a: !!int {IN_FILE}\n"),
        ("sealed.yml", f"- {IN_FILE}\n"),
        ("site.yaml", f"- hosts: h\n  tasks: [{{debug: {{msg: {IN_FILE}}}]\n"),
        ("site.yaml", f"- hosts: h\n  bogus: {IN_FILE}\n"),
        ("group_vars/all.yml", f"a: '{IN_FILE}\n"),
        ("hosts", f"h x='{IN_FILE}\n"),
    ],
)
def test_mistakes_in_encrypted_files_do_not_quote_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    write(tmp_path, {**FILES, "hosts": "h ansible_connection=local\n", name: seal(text)})
    monkeypatch.chdir(tmp_path)
    code = main(["site.yaml", "-i", "hosts", "--vault-password-file", "pw", "-e", "@sealed.yml", "--list-tasks"])
    said = "".join(capsys.readouterr())
    assert code == 4, said
    assert Path(name).name in said
    assert "S3CRET" not in said


def test_a_value_that_no_password_opens_is_placed(tmp_path: Path) -> None:
    tasks = "  tasks: [{debug: {msg: '{{ a }}'}}]\n"
    book = f"- hosts: h\n  gather_facts: false\n  vars:\n    a: {inline('x', 6)}\n{tasks}"
    write(tmp_path, {"site.yaml": book, "hosts": "h ansible_connection=local\n"})
    done = pbrun(tmp_path, "site.yaml", "-i", "hosts", cwd=tmp_path)
    assert done.code == 2
    assert "no vault password was given (give it with --vault-password-file FILE or -J)" in done.out
    assert "site.yaml:4:8" in done.out


def test_other_commands_open_files_too(tmp_path: Path) -> None:
    files = {
        "hosts": "h ansible_connection=local\n",
        "group_vars/all.yml": seal("word: opened\n"),
        "shut": seal("inside\n"),
    }
    write(tmp_path, files)
    vault = ("-i", "hosts", "--vault-id", "x@pw")
    put = pbrun(tmp_path, "put", "h", "shut", str(tmp_path / "there"), *vault, cwd=tmp_path)
    assert put.code == 0, put.told()
    assert (tmp_path / "there").read_text() == "inside\n"
    shut = pbrun(tmp_path, "exec", "h", "-i", "hosts", "--", "true", cwd=tmp_path)
    assert shut.code == 4 and "group_vars/all.yml" in shut.err, shut.told()
    assert pbrun(tmp_path, "exec", "h", *vault, "--", "true", cwd=tmp_path).code == 0
