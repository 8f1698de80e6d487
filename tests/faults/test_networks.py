"""Networks that swallow everything, and servers that punish those who try the same again."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.end_to_end.process import ROOT, environment, pbrun, read_log, write_playbook
from tests.sshd_farm import Farm, make_key, prepared_farm, program, session_lines, sshd_farm

# Two namespaces with a wire between them. When the step has begun, the far one answers no more.
NAMESPACES = r"""
set -e
cd "$1"
ip link set lo up
unshare --net sh -c 'ip link set lo up; until ip link show pb1 >/dev/null 2>&1; do sleep 0.05; done
  ip addr add 10.99.0.2/24 dev pb1; ip link set pb1 up; exec "$0" -D -e -f conf' "$2" 2>sshd.log &
far=$!
until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done
ip link add name pb0 type veth peer name pb1 netns "$far" || { echo no wire; exit 0; }
ip addr add 10.99.0.1/24 dev pb0
ip link set pb0 up
shift 2
(until [ -e begun ]; do sleep 0.05; done; nsenter -t "$far" -n ip route add blackhole 10.99.0.1; touch swallowed) &
"$@" >out 2>&1 && code=$? || code=$?
echo "code $code"
kill "$far"
"""


@pytest.mark.root
@pytest.mark.sshd
def test_a_network_that_swallows_everything_is_noticed(tmp_path: Path) -> None:
    """F3: a step under way is indeterminate in bounded time, and who cannot connect any more is unreachable."""
    with prepared_farm() as farm:
        conf = [f"ListenAddress 10.99.0.2:{farm.port}", f"HostKey {farm.host_keys[0]}", "PidFile none",
                *session_lines(f"{farm.folder}/authorized_keys")]  # fmt: skip
        (tmp_path / "conf").write_text("\n".join(conf) + "\n")
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        words = Path(f"{farm.host_keys[0]}.pub").read_text().split()
        (tmp_path / "known").write_text(f"[10.99.0.2]:{farm.port} {words[0]} {words[1]}\n")
        args = f"-F none -o UserKnownHostsFile={tmp_path}/known -o GlobalKnownHostsFile=none -o IdentityAgent=none"
        beat = "-o ServerAliveInterval=1 -o ServerAliveCountMax=3"
        (tmp_path / "hosts.ini").write_text(
            f"far ansible_host=10.99.0.2 ansible_port={farm.port} ansible_user=root ansible_timeout=3 "
            f"ansible_ssh_private_key_file={farm.key} ansible_ssh_common_args='{args} {beat}'\n"
            "here ansible_connection=local\n"
        )
        tasks = (
            f"    - {{shell: touch {tmp_path}/begun; sleep 600, when: inventory_hostname == 'far', name: under way, "
            "ignore_unreachable: true, register: r}\n    - {name: after, command: 'echo after{{ r.rc | default() }}'}\n"
        )
        book = write_playbook(tmp_path / "p.yaml", f"- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}")
        run = [sys.executable, "-m", "runner", book, "-i", f"{tmp_path}/hosts.ini", "--log", f"{tmp_path}/log"]
        command = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-s", str(tmp_path)]
        begun = time.monotonic()
        done = subprocess.run([*command, program("sshd"), "env", f"-C{ROOT}", *run], input=NAMESPACES, text=True,
                              capture_output=True, env=environment(tmp_path), timeout=100, check=False)  # fmt: skip
    if done.returncode or "no wire" in done.stdout:
        pytest.skip(f"cannot make network namespaces here: {done.stderr.strip()}")
    assert (tmp_path / "swallowed").exists() and done.stdout == "code 4\n", (done, (tmp_path / "out").read_text())
    assert time.monotonic() - begun < 90
    results = {
        (line["task"], line["host"]): line for line in read_log(tmp_path / "log") if line["type"] == "task_result"
    }
    assert results["under way", "far"]["status"] == "indeterminate"
    assert results["after", "here"]["stdout"] == "after"
    lost = results["after", "far"]
    assert lost["status"] == "unreachable" and "10.99.0.2" in lost["msg"], lost


class Punishing:
    """In front of a server, as its PerSourcePenalties do: after a refused login, nobody from there is let in."""

    def __init__(self, farm: Farm) -> None:
        self.farm, self.seen, self.refused = farm, 0, 0
        self.door = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self.door.accept()
            except OSError:
                return
            self.seen += 1
            if "Failed publickey" in self.farm.log() or "Connection closed by authenticating" in self.farm.log():
                self.refused += 1
                near.sendall(b"Not allowed at this time\r\n")
                near.close()
                continue
            far = socket.create_connection((self.farm.addresses[0], self.farm.port))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_pour, args=(one, other), daemon=True).start()


def _pour(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        sink.close()


@pytest.mark.sshd
def test_a_wrong_key_is_tried_once_whatever_follows(tmp_path: Path) -> None:
    """F7: however many tasks follow, the server hears the wrong key once; who is kept out tries again within bounds."""

    with sshd_farm(first_address=2110) as own:
        proxy = Punishing(own)
        port = proxy.door.getsockname()[1]
        words = own.known_hosts.read_text().split()
        (tmp_path / "known").write_text(f"[127.0.0.1]:{port} {words[1]} {words[2]}\n")
        args = f"-F none -o UserKnownHostsFile={tmp_path}/known -o GlobalKnownHostsFile=none -o IdentityAgent=none"
        key = make_key(tmp_path / "wrong")
        (tmp_path / "hosts.ini").write_text(
            f"h ansible_host=127.0.0.1 ansible_port={port} ansible_user={own.user} "
            f"ansible_ssh_private_key_file={key} ansible_ssh_common_args='{args}'\n"
        )
        text = "- hosts: all\n  gather_facts: false\n  tasks:\n" + "    - command: echo one\n" * 5
        book = write_playbook(tmp_path / "p.yaml", text)
        first = pbrun(tmp_path, book, "-i", str(tmp_path / "hosts.ini"))
        assert first.code == 4 and "authentication failed" in first.out.lower(), first.told()
        assert own.log().count("Failed publickey") <= 1 and proxy.seen == 1, own.log()
        again = pbrun(tmp_path, book, "-i", str(tmp_path / "hosts.ini"))
        proxy.door.close()
    assert again.code == 4 and "closed the connection" in again.out, again.told()
    assert 1 <= proxy.refused <= 8 and own.log().count("Failed publickey") <= 1
