"""Whatever is done to a playbook's text, pbrun answers with an exit code of its own and in plain words, and soon."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mistakes.case import INVENTORY, told_by_main

BOOK: Final = b"""\
- hosts: web
  vars: {port: 80, users: [a, b]}
  serial: [1, 50%]
  tasks:
    - name: Say
      command: echo {{ item }}
      loop: "{{ users }}"
      loop_control: {label: x}
      when: port > 1 and users is defined
      register: out
      notify: restart
    - block:
        - copy: {content: "{{ port }}", dest: /never, mode: "0644"}
      rescue:
        - debug: {msg: "{% if out %}x{% endif %}"}
      tags: [config]
  handlers:
    - name: restart
      file: path=/never state=absent
"""
PARTS: Final = (
    b"{{",
    b"}}",
    b"[",
    b"{",
    b'"',
    b"'",
    b": ",
    b"- ",
    b"\t",
    b"&a ",
    b"*a",
    b"!x ",
    b"\xff",
    b"\x00",
    b"~",
    b"1",
    b"null",
)
MUTATION: Final = st.tuples(
    st.sampled_from(["delete", "double", "indent", "insert", "value"]), st.integers(0, 18), st.sampled_from(PARTS)
)


def mutated(kind: str, number: int, part: bytes) -> list[bytes]:
    """The playbook's lines with one change."""
    lines = BOOK.splitlines()
    line = lines[number]
    if kind == "delete":
        return lines[:number] + lines[number + 1 :]
    if kind == "double":
        return [*lines[:number], line, *lines[number:]]
    lines[number] = {
        "indent": b"  " + line,
        "insert": line[: len(line) // 2] + part + line[len(line) // 2 :],
        "value": line.partition(b":")[0] + b": " + part,
    }[kind]
    return lines


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(MUTATION)
def test_any_change(change: tuple[str, int, bytes]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "case"
        folder.mkdir()
        (folder / "hosts").write_text(INVENTORY)
        (folder / "site.yaml").write_bytes(b"\n".join(mutated(*change)) + b"\n")
        begin = time.monotonic()
        code, screen = told_by_main(("site.yaml", "-i", "hosts", "--check"), folder, {})
        assert time.monotonic() - begin < 30
        assert code in (0, 1, 2, 4, 5), screen
        assert "Traceback" not in screen
        assert "internal error" not in screen


def test_a_file_that_includes_itself(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "hosts").write_text(INVENTORY)
    (folder / "site.yaml").write_text("- hosts: h1\n  tasks: [{include_tasks: a.yaml}]\n")
    (folder / "a.yaml").write_text("- include_tasks: a.yaml\n")
    code, screen = told_by_main(("site.yaml", "-i", "hosts"), folder, {})
    assert code == 2
    assert "includes are nested 300 deep: does a file include itself without end?" in screen
