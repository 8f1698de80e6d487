"""Throw-away clones of this machine: whatever a module does in one is real there, and is gone with it.

    with clone(shared=[tmp_path]) as machine:
        machine.run("useradd", "eve")                        # this machine's tools, the clone's /etc/passwd
        run_module("user", {...}, shell=machine.session("dash"), home=home)
        with door(machine) as farm:                          # the same over SSH, for pbrun and for ansible-playbook
            connect(farm.target(0), print)

A clone has mount, PID, UTS, IPC and network namespaces of its own. Its `/` is this machine's, under an overlay that
takes every write into memory; `/tmp` and `/run` are empty, `/dev` holds what no program can do without, `lo` is up and
there is no other network; `/sys` and `/proc/sys` are read-only but for what belongs to the namespaces (`net`, the
host's name), and no session in it may set the clock, load kernel code or reboot. Only the `shared` folders are those
of this machine. Its PID 1 does nothing but bury the dead, and ends, and everything with it, when whoever started the
clone is gone. Other file systems than that of `/` are not seen in it (their mount points are empty).

To start one takes less than 0.1 s. Tests that may leave traces for one another share that of their worker (`Shared`;
the fixture `machine` of the module tests); one that needs a fresh machine starts its own. It takes root and a kernel
(or container) that allows `mount` and `unshare`; where that is not so, `clone` skips the test.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.sshd_farm import OWN_PROFILE_UNREAD, Farm, prepared_farm, program, session_lines

# Run by `unshare` as PID 1, with this machine's /proc still in sight. $1: an empty folder, $2: `systemd` or nothing;
# then the shared folders.
# fd 7 keeps the layer of written files in reach until the maker has opened it, too (see `Clone.written`). A parent that
# ignores CHLD has no zombies.
_BEGIN = r"""
set -e
read -r pid rest </proc/self/stat
layer=$1 init=$2
shift 2
mount -t tmpfs -o mode=755 clone "$layer"
cd "$layer"
mkdir upper work root tmp run
chmod 1777 tmp
exec 7<.
mount -t overlay -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" overlay root
cd root
mount --bind ../tmp tmp
mount --bind ../run run
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount --bind proc/sys/kernel/hostname proc/sys/kernel/hostname
mount -o remount,bind,ro proc/sys
[ ! -e proc/sysrq-trigger ] || mount --bind /dev/null proc/sysrq-trigger
mount -t sysfs -o ro sysfs sys || { mount --rbind /sys sys && mount -o remount,bind,ro sys; }
[ -z "$init" ] || mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 dev dev
mkdir dev/pts dev/shm
for node in null zero full random urandom tty; do : >"dev/$node"; mount --bind "/dev/$node" "dev/$node"; done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for number in 0 1 2; do ln -s "fd/$number" "dev/$(set -- stdin stdout stderr; shift "$number"; echo "$1")"; done
for folder; do mkdir -p "./$folder"; mount --bind "$folder" "./$folder"; done
PATH=$PATH:/usr/sbin:/sbin
pivot_root . .
umount -l .
cd /
ip link set lo up 2>/dev/null || busybox ip link set lo up
echo clone >/proc/sys/kernel/hostname
echo "$pid"
exec >/dev/null 2>&1
until [ -e /proc/self/fd/7/held ]; do sleep 0.01; done
[ -n "$init" ] || exec env --ignore-signal=CHLD cat
printf '[Unit]\nDefaultDependencies=no\n' >/etc/systemd/system/clone.target
for unit in tmpfiles-setup tmpfiles-setup-dev sysctl modules-load sysusers update-utmp; do
  ln -sf /dev/null "/etc/systemd/system/systemd-$unit.service"
done
export container=clone
exec setpriv --inh-caps -all --bounding-set FORBIDDEN /lib/systemd/systemd --unit=clone.target --log-target=null 7<&-
"""
# $1: a cgroup to be in, made if there is none.
_GROUPED = 'mkdir -p "$1" && echo $$ >"$1/cgroup.procs" && shift && exec "$@"'
# What is not of a namespace and would change this machine: its clock, its kernel, its power.
_FORBIDDEN = "-sys_time,-sys_module,-sys_rawio,-sys_boot"
_AT_HOME = 'cd "${HOME:-/}" || exit; exec "$@"'
_UNTIL_UP = "until [ -S /run/systemd/private ]; do sleep 0.02; done; systemctl is-system-running --wait"
DOWN = "/run/clone-is-down"  # while the clone has this file, its `door` is closed
KNOCKED = "/run/clone-was-wanted"  # somebody came to the door while it was closed


@dataclass(frozen=True, slots=True)
class Clone:
    """A running clone. `pid`: its PID 1 as this machine sees it; `layer`: an open folder, see `written`."""

    pid: int
    process: subprocess.Popen[str]
    layer: int

    def session(self, *words: str) -> tuple[str, ...]:
        """The command that runs these words in the clone, in the folder that $HOME names, with the caller's
        environment, stdin and output (as `shell` of the module tests' harness, for example)."""
        enter = ("nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n", "-p", "--")
        fewer = ("setpriv", "--inh-caps", "-all", "--bounding-set", _FORBIDDEN)
        return (*enter, *fewer, "sh", "-c", _AT_HOME, "sh", *words)

    def run(self, *words: str, text: str = "", check: bool = True) -> str:
        """What a command prints in the clone, run in `/`; its failure is an AssertionError unless `check` is false."""
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/"}
        done = subprocess.run(
            self.session(*words), input=text, capture_output=True, text=True, env=environment, timeout=60, check=False
        )
        assert done.returncode == 0 or not check, (words, done.stdout, done.stderr)
        return done.stdout

    @property
    def written(self) -> tuple[Path, ...]:
        """Folders with everything that was written in the clone: the overlay of its `/` (what was removed is a device
        of number 0 there), its /tmp and its /run. The shared folders are not below them."""
        return tuple(Path(f"/proc/self/fd/{self.layer}/{name}") for name in ("upper", "tmp", "run"))

    @property
    def lives(self) -> bool:
        """Whether it still runs: what is done in a clone may end it, too."""
        return self.process.poll() is None


@contextlib.contextmanager
def clone(shared: Sequence[Path] = (), *, systemd: bool = False) -> Iterator[Clone]:
    """A clone for as long as the context lasts; skips the test where none can be made. `systemd`: its PID 1 is a real
    systemd, which starts nothing but what the test tells it to; it takes some tenths of a second more, and cgroup2."""
    why = _why_not(systemd)
    if why:
        pytest.skip(f"cannot make a clone of this machine: {why}")
    with _clone(shared, systemd) as made:
        yield made


@contextlib.contextmanager
def _clone(shared: Sequence[Path], systemd: bool) -> Iterator[Clone]:
    layer = tempfile.mkdtemp(prefix="clone-")
    group = _cgroup2() / Path(layer).name
    own = ("--fork", "--kill-child", "--mount", "--uts", "--ipc", "--net", "--pid")
    # The text goes to its stdin, so that no process list of the clone holds it.
    start = ["/bin/sh", "-s", layer, "systemd" if systemd else "", *map(str, shared)]
    command = ["setpriv", "--pdeathsig", "KILL", "unshare", *own, *(["--cgroup"] if systemd else []), *start]
    if systemd:
        command = ["/bin/sh", "-c", _GROUPED, "sh", str(group), *command]
    pipe, layer_fd = subprocess.PIPE, -1
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stdin and process.stdout and process.stderr
    try:
        process.stdin.write(_BEGIN.replace("FORBIDDEN", _FORBIDDEN))
        process.stdin.flush()
        begun = process.stdout.readline()
        if not begun:
            raise RuntimeError(process.stderr.read().strip() or "it did not start")
        layer_fd = os.open(f"/proc/{int(begun)}/fd/7", os.O_RDONLY)
        made = Clone(int(begun), process, layer_fd)
        Path(f"/proc/self/fd/{layer_fd}/held").touch()
        if systemd:
            made.run("timeout", "10", "sh", "-c", _UNTIL_UP)
        yield made
    finally:
        for stream in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        process.kill()
        process.wait()
        if layer_fd >= 0:
            os.close(layer_fd)
        Path(layer).rmdir()
        if systemd:
            _remove_group(group)


def _cgroup2() -> Path:
    """Where this machine has cgroup2."""
    unified = Path("/sys/fs/cgroup/unified")
    return unified if unified.is_dir() else Path("/sys/fs/cgroup")


def _remove_group(group: Path) -> None:
    """Remove a cgroup and those below it; its last processes may take a moment to be gone."""
    folders = [Path(folder) for folder, _, _ in os.walk(group, topdown=False)]
    deadline = time.monotonic() + 5
    while folders:
        try:
            folders[0].rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)
            continue
        folders.pop(0)


class Shared:
    """The clone that the tests of one worker share; a new one when a test has ended it."""

    def __init__(self, *shared: Path) -> None:
        self._shared = shared
        self._open = contextlib.ExitStack()
        self._clone: Clone | None = None

    def get(self) -> Clone:
        """The clone; skips the test where none can be made."""
        if self._clone is None or not self._clone.lives:
            self.close()
            self._clone = self._open.enter_context(clone(self._shared))
        return self._clone

    def close(self) -> None:
        """End it."""
        self._open.close()


@cache
def _why_not(systemd: bool) -> str:
    """What this machine or its container forbids; "" if clones can be made."""
    if os.geteuid() != 0:
        return "that takes root's rights"
    absent = [name for name in ("unshare", "nsenter", "setpriv", "pivot_root") if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} is not installed"
    if systemd and not Path("/lib/systemd/systemd").exists():
        return "systemd is not installed"
    try:
        with _clone((), systemd) as made:
            made.run("true")
    except (RuntimeError, AssertionError, OSError) as error:
        return str(error)
    return ""


@contextlib.contextmanager
def door(machine: Clone) -> Iterator[Farm]:
    """A real sshd in the clone, on a loopback address of this machine: a farm of one host, for any ssh client.

    There is an sshd for each connection, started in the clone with the connection as its stdin (`sshd -i`), so the
    clone needs no network; any of its users logs in with the farm's key. While the clone holds the file `DOWN`,
    connections are closed at once, as by a machine that starts up. The clone shares nothing for it.
    """
    with prepared_farm() as farm, socket.create_server((farm.addresses[0], farm.port)) as server:
        here = "/etc/ssh/clone"
        machine.run("mkdir", "-p", here, "/run/sshd")
        for name, umask in (("authorized_keys", "022"), ("host_ed25519", "077")):  # the user reads the former
            text = (farm.folder / name).read_text()
            machine.run("sh", "-c", f"umask {umask}; cat >{here}/{name}", text=text)
        lines = [f"HostKey {here}/host_ed25519", *session_lines(f"{here}/authorized_keys"), OWN_PROFILE_UNREAD]
        machine.run("sh", "-c", f"cat >{here}/sshd_config", text="\n".join(lines) + "\n")
        daemon = f"[ -e {DOWN} ] && : >{KNOCKED} && exit; exec {program('sshd')} -i -f {here}/sshd_config"
        command = machine.session("sh", "-c", daemon)
        thread = threading.Thread(target=_serve, args=(server, command, farm), daemon=True)
        thread.start()
        try:
            yield farm
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _serve(server: socket.socket, command: Sequence[str], farm: Farm) -> None:
    """Give every connection to a process of its own, until the socket is shut down. `farm.stop` ends them."""
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    with (farm.folder / "sshd.log").open("ab") as log:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            with peer:
                end = peer.fileno()
                process = subprocess.Popen(command, env=environment, stdin=end, stdout=end, stderr=log)
                farm.processes.append(process)
