"""The screen of a run half-way, as a picture: `python -m benchmarks.screen_picture docs/screen.svg [COLUMNS]`.

pbrun runs for real, over SSH on hosts of the lab, and writes to a pseudo-terminal; a terminal of software (pyte) shows
what a reader would have seen at one moment, and rich draws it. It needs
`pip install -e '.[bench]'`; no test needs the picture.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import shutil
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import Any

HOSTS = 12
ROWS = 24
BROKEN = "web05"
LIMIT_S = 60.0
CHECK = f"""
sleep 0.5
test $1 != {BROKEN} || {{ echo 'shop.conf:2: 4 workers, but only 2 processors' >&2; exit 2; }}
"""
PLAYBOOK = """
- name: Shop
  hosts: all
  gather_facts: false
  tasks:
    - name: Bring the checker
      copy: {src: check, dest: check}
    - name: Write the configuration
      copy: {dest: shop.conf, content: "listen 8080\\nworkers 4\\n"}
    - name: Check the configuration
      command: sh check {{ inventory_hostname }}
      changed_when: false
    - name: Fetch the release
      shell: sleep {{ 1 + (inventory_hostname[3:] | int) % 3 * 0.1 }}
    - name: Link the release
      file: {src: releases/4.2, dest: current, state: link, force: true}
    - name: Migrate the database
      shell: sleep 0.7
      run_once: true
    - name: Restart the shop
      shell: sleep {{ 1 + (inventory_hostname[3:] | int) % 4 * 0.9 }}
    - name: Wait for the front page
      wait_for: {timeout: 1}
"""
SEEN = "Restart the shop"  # the picture is taken a moment after this is on the screen


def started(folder: Path, columns: int) -> int:
    """A run in `folder` on a terminal of its own; the terminal's other end."""
    (folder / "site.yaml").write_text(PLAYBOOK)
    (folder / "check").write_text(CHECK)
    names = "".join(f"    web{number:02}:\n" for number in range(1, HOSTS + 1))
    (folder / "lab.yaml").write_text(f"all:\n  vars:\n    ansible_connection: lab\n  hosts:\n{names}")
    pbrun = Path(sys.executable).with_name("pbrun")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
        surroundings = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "TERM": "xterm-256color"}
        os.execve(pbrun, ["pbrun", "site.yaml", "-i", "lab.yaml", "--output", "live"], surroundings)
    return terminal


def watched(terminal: int, columns: int, after_s: float) -> Any:
    """The screen `after_s` seconds after SEEN came up; what follows is read to the end, for the run to end well."""
    import pyte

    screen = pyte.Screen(columns, ROWS)
    stream = pyte.ByteStream(screen)
    shot_at = None
    ends = time.monotonic() + LIMIT_S
    while time.monotonic() < ends and (shot_at is None or time.monotonic() < shot_at):
        if select.select([terminal], [], [], 0.05)[0]:
            stream.feed(os.read(terminal, 65536))
        if shot_at is None and any(SEEN in row for row in screen.display):
            shot_at = time.monotonic() + after_s
    return screen


def drained(terminal: int) -> None:
    """Read what the run still writes."""
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:  # Linux says EIO when the last writer has gone
        os.close(terminal)


def drawn(screen: Any, columns: int) -> str:
    """The screen as SVG."""
    from rich.console import Console
    from rich.style import Style
    from rich.text import Text

    console = Console(record=True, width=columns, file=io.StringIO(), highlight=False, markup=False)
    rows = [screen.buffer[number] for number in range(ROWS)]
    while rows and not any(rows[-1][x].data.strip() for x in range(columns)):
        rows.pop()
    for row in rows:
        text = Text(no_wrap=True)
        for x in range(columns):
            cell = row[x]
            colour = {"default": None, "brown": "yellow"}.get(cell.fg, cell.fg)
            if colour and len(colour) == 6 and not colour.isalpha():
                colour = f"#{colour}"
            text.append(cell.data, Style(color=colour, bold=cell.bold))
        text.rstrip()
        console.print(text)
    svg = console.export_svg(title="pbrun site.yaml -i lab.yaml", unique_id="screen")
    # A picture fetches nothing: the reader's own font will do.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "ui-monospace")
    return re.sub(r"[ \t]+$|^\n", "", svg, flags=re.MULTILINE)


def main(words: list[str]) -> None:
    """`OUT.svg [COLUMNS]`."""
    columns = int(words[1]) if len(words) > 1 else 100
    folder = Path(tempfile.mkdtemp())
    try:
        terminal = started(folder, columns)
        screen = watched(terminal, columns, after_s=2.2)
        svg = drawn(screen, columns)
        drained(terminal)
    finally:
        shutil.rmtree(folder)
    Path(words[0]).write_text(svg)


if __name__ == "__main__":
    main(sys.argv[1:])
