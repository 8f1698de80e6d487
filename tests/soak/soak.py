"""One soak: its hosts, its doors, its long-lived process, its runs and what they found."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from tests.end_to_end.process import ROOT, environment
from tests.soak.chaos import Chaos
from tests.soak.check import check, records
from tests.soak.faults import Blow, draw_blow, end_hanging, wait_for_size
from tests.soak.sites import Site, make_site
from tests.sshd_farm import Farm, free_port, sshd_farm

LIMIT_S = 150.0
RESUMES = 6
CALM = 0.15
BROKEN_OFF = frozenset((99, 8, -signal.SIGKILL))
ENTER = """#!/bin/sh
set -- $SSH_CONNECTION
HOME={folder}/homes/$3 TMPDIR={folder}/homes/$3/tmp
export HOME TMPDIR
cd "$HOME"
exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
"""


class Soak:
    """A farm behind chaos, and everything that is counted. A context: the servers run within it."""

    def __init__(self, folder: Path, seed: str, hosts: int) -> None:
        """`folder` keeps what findings need."""
        self.folder, self.seed, self.hosts = folder, seed, hosts
        self.counts: Counter[str] = Counter()
        self.codes: Counter[int] = Counter()
        self.findings: list[str] = []
        self.held: list[dict[str, int]] = []
        self._stack = contextlib.ExitStack()
        self._lifelong: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Soak:
        """Start servers and doors."""
        enter = self.folder / "enter"
        options = (f"ForceCommand {enter}", "MaxStartups 8:100:8", "LoginGraceTime 20")
        self.farm: Farm = self._stack.enter_context(sshd_farm(self.hosts, options, first_address=3000))
        enter.write_text(ENTER.format(folder=self.folder))
        enter.chmod(0o755)
        addresses = [f"127.99.0.{number + 2}" for number in range(self.hosts)]
        port = free_port(addresses)
        self.doors = [(address, port) for address in addresses]
        targets = [(address, self.farm.port) for address in self.farm.addresses]
        self.chaos = Chaos(targets, self.doors)
        self._stack.callback(self.chaos.stop)
        words = self.farm.known_hosts.read_text().split()[1:3]
        self.known_hosts = self.folder / "known_hosts"
        self.known_hosts.write_text("".join(f"[{host}]:{port} {words[0]} {words[1]}\n" for host, port in self.doors))
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them."""
        if self._lifelong:
            self._lifelong.kill()
            self._lifelong.wait()
        self._stack.close()

    def homes(self) -> dict[str, Path]:
        """Each host's home, empty."""
        made = {}
        for number, address in enumerate(self.farm.addresses):
            home = self.folder / "homes" / address
            shutil.rmtree(home, ignore_errors=True)
            (home / "tmp").mkdir(parents=True)
            made[f"h{number}"] = home
        return made

    def inventory(self, folder: Path, silence_s: int) -> Path:
        """The hosts behind their doors. A silence of so long is the end of a connection."""
        args = (f"-F none -o UserKnownHostsFile={self.known_hosts} -o GlobalKnownHostsFile=none -o IdentityAgent=none "
                f"-o ServerAliveInterval={silence_s} -o ServerAliveCountMax=1 -o ConnectTimeout=6")  # fmt: skip
        lines = [
            f"h{number} ansible_host={host} ansible_port={port} ansible_user={self.farm.user} "
            f"ansible_ssh_private_key_file={self.farm.key} ansible_ssh_common_args='{args}'\n"
            for number, (host, port) in enumerate(self.doors)
        ]
        (folder / "hosts.ini").write_text("".join(lines))
        return folder / "hosts.ini"

    def one(self, number: int) -> None:
        """One run with its resumes, and the count."""
        folder = self.folder / f"run-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        rng = Random(f"{self.seed}/{number}")
        site = make_site(rng, folder)
        (folder / "site.yml").write_text(site.play())
        calm = rng.random() < CALM
        homes, log = self.homes(), folder / "log.jsonl"
        words = [str(folder / "site.yml"), "-i", str(self.inventory(folder, 30 if calm else 8)), "--log", str(log)]
        found = self._with_resumes(number, rng, words, log, calm=calm)
        code = self._last_code
        self.chaos.end()
        found += check(site, log, code, homes, folder)
        left = [path.name for home in homes.values() for path in (home / "tmp").iterdir()]
        if calm and (code != 0 or left):
            found.append(f"a calm run ends with {code} and leaves {left}")
        found += self._left_running()
        self.counts["marks left"] += sum(1 for home in homes.values() for _ in home.glob(".pb-*-over"))
        self.counts["folders left"] += sum(1 for home in homes.values() for _ in (home / "tmp").iterdir())
        self._count(site, log)
        for what in found:
            self.findings.append(f"run {number}: {what}")
            print(f"FOUND run {number} (seed {self.seed}): {what}", flush=True)
        if not found:
            shutil.rmtree(folder)
        else:
            shutil.copytree(self.folder / "homes", folder / "homes", dirs_exist_ok=True)

    def _with_resumes(self, number: int, rng: Random, words: Sequence[str], log: Path, *, calm: bool) -> list[str]:
        """Run, and go on as long as it was broken off; what was wrong with how it ended."""
        found: list[str] = []
        lives = number % 2 == 0
        for attempt in range(RESUMES + 1):
            last = calm or attempt == RESUMES
            self.chaos.begin(None if last else f"{self.seed}/{number}/{attempt}")
            blow = draw_blow(rng, outside=lives)
            if last:
                blow = Blow("none", 0, 0)
            self.counts["blows"] += blow.kind != "none"
            self.counts[f"blow {blow.kind}"] += 1
            self.counts["resumes" if attempt else "runs"] += 1
            code, said = (self._in_lifelong if lives else self._alone)(words, log, blow)
            if "nothing is left to resume" in said and (lines := records(log)):
                code = int(lines[-1]["exit_code"])  # the kill came after its end
            self._last_code = code
            self.codes[code] += 1
            (log.parent / f"said-{attempt}").write_text(said)
            if "Traceback" in said or "Thread 0x" in said:
                found.append(f"attempt {attempt} ({blow}): {said[-1500:]}")
            if code == -signal.SIGABRT:
                return [*found, f"attempt {attempt} ({blow}) did not end within {LIMIT_S:g} s"]
            if code not in BROKEN_OFF:
                allowed = (0, 2, 4, 6) if attempt else (0, 2, 4)
                return (
                    found
                    if code in allowed
                    else [*found, f"attempt {attempt} ({blow}) ends with {code}: {said[-500:]}"]
                )
            if any(line["type"] == "run_start" for line in records(log)):
                choice = rng.choice(("fail", "skip"))
                words = ["--resume", str(log), "--indeterminate", choice]
            else:
                log.unlink(missing_ok=True)
        return [*found, f"it has not ended after {RESUMES} resumes: {said[-500:]}"]

    def _alone(self, words: Sequence[str], log: Path, blow: Blow) -> tuple[int, str]:
        """In a process of its own: exit code and all it said."""
        base = log.stat().st_size if log.exists() else 0
        blow = Blow(blow.kind, base + blow.at_bytes, blow.for_s)
        output = log.parent / "output"
        with output.open("wb") as file:
            run = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-m", "runner", *words], cwd=ROOT, stdin=subprocess.DEVNULL,
                env=environment(log.parent), stdout=file, stderr=file, preexec_fn=blow.before(),
            )  # fmt: skip
        if blow.kind not in ("none", "full") and wait_for_size(log, blow.at_bytes, lambda: run.poll() is not None, 60):
            with contextlib.suppress(ProcessLookupError):
                blow.strike(run.pid, self.farm)
        try:
            code = run.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            end_hanging(run)
            code = -signal.SIGABRT
        return code, output.read_text(errors="replace")

    def _in_lifelong(self, words: Sequence[str], log: Path, blow: Blow) -> tuple[int, str]:
        """In the process that lives through all of them."""
        if self._lifelong is None or self._lifelong.poll() is not None:
            self._lifelong = subprocess.Popen(
                [sys.executable, "-m", "tests.soak.lifelong"], cwd=ROOT, env=environment(self.folder),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        process, output = self._lifelong, log.parent / "output"
        stdin, stdout = process.stdin, process.stdout
        assert stdin and stdout
        output.write_bytes(b"")
        base = log.stat().st_size if log.exists() else 0
        stdin.write(json.dumps({"words": list(words), "output": str(output)}).encode() + b"\n")
        stdin.flush()

        def over(limit_s: float = 0) -> bool:
            return bool(select.select([stdout], [], [], limit_s)[0])

        if blow.kind != "none" and wait_for_size(log, base + blow.at_bytes, over, 60):
            blow.strike(process.pid, self.farm)
        if not over(LIMIT_S):
            end_hanging(process)
            return -signal.SIGABRT, output.read_text(errors="replace")
        answer: dict[str, Any] = json.loads(stdout.readline() or b'{"code": -1}')
        code = int(answer.pop("code"))
        if answer:
            self.held.append(answer)
        return code, output.read_text(errors="replace")

    def _left_running(self) -> list[str]:
        """Processes that still run on the hosts well after their connections are gone."""
        end = time.monotonic() + 30
        while (pids := self.farm.sessions()) and time.monotonic() < end:
            time.sleep(0.1)
        if not pids:
            return []
        told = [Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")[:80] for pid in pids
                if Path(f"/proc/{pid}").exists()]  # fmt: skip
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return [f"processes that stay on hosts: {told}"]

    def _count(self, site: Site, log: Path) -> None:
        for line in records(log):
            self.counts["steps"] += line["type"] == "task_result"
            self.counts["indeterminate"] += line["type"] == "task_result" and line["status"] == "indeterminate"
        self.counts["ids"] += len(site.ids) * self.hosts

    def finish(self) -> None:
        """The last check: what one process held through all its runs does not grow."""
        usual = self.held[len(self.held) // 5 :]
        if len(usual) < 20:
            return
        early, late = usual[:10], usual[-10:]
        for what, most in (("fds", 4), ("threads", 4), ("rss_kb", 15_000)):
            grown = median(one[what] for one in late) - median(one[what] for one in early)
            if grown > most:
                self.findings.append(f"{what} of the long-lived process grew by {grown}")
                print(f"FOUND {self.findings[-1]}", flush=True)

    def growth(self) -> str:
        """What the long-lived process held after its runs, at ten moments."""
        picked = self.held[:: max(1, len(self.held) // 10)]
        return "\n".join(["held after runs:", *(json.dumps(one) for one in picked)])

    def summary(self) -> str:
        """One line of figures."""
        blows = ", ".join(f"{name} {many}" for name, many in sorted({**self.counts, **self.chaos.counts}.items()))
        codes = ", ".join(f"{code}: {many}" for code, many in sorted(self.codes.items()))
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        held = f"; long-lived: {self.held[0]} → {self.held[-1]} in {len(self.held)}" if self.held else ""
        return f"{time.strftime('%H:%M:%S')} {blows}; exit codes {codes}; largest process {most} MB{held}; " \
               f"findings {len(self.findings)}"  # fmt: skip
