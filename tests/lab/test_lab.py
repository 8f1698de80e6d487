"""The lab, seen through paramiko and through OpenSSH's own programs."""

from __future__ import annotations

import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest

from runner.lab import Lab, LabHost, start
from tests.lab.clients import connected, options, ssh, until


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "lab"


@pytest.fixture
def lab(state: Path) -> Iterator[Lab]:
    with start(["web1", "web2"], state) as made:
        yield made


@pytest.fixture
def client(lab: Lab) -> Iterator[paramiko.SSHClient]:
    made = connected(lab.targets["web1"])
    yield made
    made.close()


def test_openssh_runs_a_command(lab: Lab, state: Path) -> None:
    done = ssh(lab.targets["web1"], 'pwd; echo "$HOME"; cat; echo err >&2; exit 7', input=b"\0\xffin\n")
    home = str(state / "homes" / "web1").encode()
    assert (done.stdout, done.stderr, done.returncode) == (home + b"\n" + home + b"\n\0\xffin\n", b"err\n", 7)
    assert ssh(lab.targets["web2"], "kill -9 $$").returncode == 137
    assert ssh(lab.targets["web2"], "env | grep -c PYTEST").stdout == b"0\n"


def test_openssh_sftp_moves_files(lab: Lab, state: Path, tmp_path: Path) -> None:
    host = lab.targets["web1"]
    (tmp_path / "up").write_bytes(bytes(range(256)) * 1000)
    batch = (
        f"put {tmp_path}/up a\nchmod 640 a\nrename a b\nln -s b link\nmkdir d\nput {tmp_path}/up d/x\nrm d/x\nrmdir d\n"
        f"get link {tmp_path}/down\npwd\n-rm missing\n-mkdir /proc/x\n"
    )
    words = ["sftp", *options(host), "-b", "-", "-P", str(host.port), f"{host.user}@{host.address}"]
    done = subprocess.run(words, input=batch.encode(), capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert f"{state}/homes/web1\n".encode() in done.stdout
    assert (tmp_path / "down").read_bytes() == (tmp_path / "up").read_bytes()
    home = state / "homes" / "web1"
    assert sorted(entry.name for entry in home.iterdir()) == ["b", "link"]
    assert stat.S_IMODE((home / "b").stat().st_mode) == 0o640


def test_paramiko_sftp(client: paramiko.SSHClient, state: Path) -> None:
    with client.open_sftp() as sftp:
        assert sftp.normalize(".") == str(state / "homes" / "web1")
        with sftp.open("f", "w") as file:
            file.write("one\n")
        with sftp.open("f", "a") as file:
            file.write("two\n")
        sftp.truncate("f", 5)
        sftp.utime("f", (1, 2))
        found = sftp.stat("f")
        assert (found.st_size, found.st_mtime) == (5, 2)
        with pytest.raises(OSError):
            sftp.open("f", "x")
        with pytest.raises(OSError):
            sftp.rename("f", "f")
        sftp.posix_rename("f", "g")
        sftp.symlink("g", "s")
        assert (sftp.readlink("s"), sorted(sftp.listdir())) == ("g", ["g", "s"])
        assert stat.S_ISLNK(sftp.lstat("s").st_mode or 0)
        with pytest.raises(FileNotFoundError):
            sftp.stat("missing")


def test_a_persistent_shell_answers_step_by_step(client: paramiko.SSHClient) -> None:
    channel = client.get_transport().open_session()  # type: ignore[union-attr]
    channel.exec_command("exec /bin/sh -s")
    for number in range(5):
        channel.sendall(f"echo {number}\n".encode())
        assert channel.recv(100) == f"{number}\n".encode()
    channel.sendall(b"exit 3\n")
    assert channel.recv_exit_status() == 3


def test_much_output_on_both_streams_and_much_input(client: paramiko.SSHClient) -> None:
    size = 8_000_000
    stdin, stdout, stderr = client.exec_command(f"head -c {size} /dev/zero & head -c {size} /dev/zero >&2; wait; wc -c")
    errors: list[bytes] = []
    drain = threading.Thread(target=lambda: errors.append(stderr.read()))
    drain.start()

    def write() -> None:
        stdin.write(b"x" * size)
        stdin.channel.shutdown_write()

    feed = threading.Thread(target=write)
    feed.start()
    out = stdout.read()
    drain.join()
    feed.join()
    assert (len(errors[0]), out[:size], out[size:]) == (size, bytes(size), f"{size}\n".encode())


def test_output_that_nobody_reads_is_not_hoarded(client: paramiko.SSHClient) -> None:
    _stdin, stdout, _stderr = client.exec_command("head -c 100000000 /dev/zero; touch done")
    time.sleep(0.5)
    _in, out, _err = client.exec_command("test -e done && echo over || echo waiting")
    assert out.read() == b"waiting\n"
    stdout.channel.close()


def test_a_child_in_the_background_does_not_hold_the_status_back(client: paramiko.SSHClient) -> None:
    begun = time.monotonic()
    _stdin, stdout, _stderr = client.exec_command("sleep 20 & echo started")
    assert stdout.channel.recv_exit_status() == 0
    assert time.monotonic() - begun < 5
    assert stdout.channel.recv(100) == b"started\n"
    stdout.channel.close()


def test_a_command_is_killed_with_its_children_when_the_client_leaves(lab: Lab, client: paramiko.SSHClient) -> None:
    _stdin, stdout, _stderr = client.exec_command("sleep 987 & echo $!; echo $$; wait")
    pids = [int(stdout.readline()), int(stdout.readline())]
    client.close()
    until(lambda: not any(alive(pid) for pid in pids), "still running")
    assert ssh(lab.targets["web1"], "echo fine").stdout == b"fine\n"


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_closing_the_lab_ends_connections_and_commands(state: Path) -> None:
    lab = start(["a"], state)
    client = connected(lab.targets["a"])
    _stdin, stdout, _stderr = client.exec_command("echo $$; sleep 987")
    pid = int(stdout.readline())
    lab.close()
    assert not alive(pid)
    until(lambda: not client.get_transport().is_active(), "still connected")  # type: ignore[union-attr]
    with pytest.raises(OSError):
        connected(lab.targets["a"])
    assert list((state / "runs").iterdir()) == []


def test_only_the_labs_key_and_user_get_in(lab: Lab, tmp_path: Path) -> None:
    host = lab.targets["web1"]
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)

    def refused(error: type[Exception], attempt: Callable[[paramiko.Transport], object]) -> None:
        transport = paramiko.Transport((host.address, host.port))
        transport.start_client(timeout=10)
        with pytest.raises(error):
            attempt(transport)
        transport.close()

    def key(path: Path | str) -> paramiko.PKey:
        return paramiko.Ed25519Key.from_private_key_file(str(path))

    refused(paramiko.AuthenticationException, lambda t: t.auth_publickey(host.user, key(tmp_path / "other")))
    refused(paramiko.AuthenticationException, lambda t: t.auth_publickey("nobody-else", key(host.private_key_file)))
    refused(paramiko.BadAuthenticationType, lambda t: t.auth_password(host.user, host.user))
    refused(paramiko.BadAuthenticationType, lambda t: t.auth_none(host.user))


def test_forwarding_and_terminals_are_refused(client: paramiko.SSHClient) -> None:
    transport = client.get_transport()
    assert transport
    with pytest.raises(paramiko.ChannelException):
        transport.open_channel("direct-tcpip", ("127.0.0.1", 22), ("127.0.0.1", 1))
    with pytest.raises(paramiko.SSHException):
        transport.open_session().get_pty()
    with pytest.raises(paramiko.SSHException):
        transport.request_port_forward("127.0.0.1", 0)


def test_another_host_key_is_noticed(lab: Lab, tmp_path: Path) -> None:
    host = lab.targets["web1"]
    other = tmp_path / "known_hosts"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True)
    key = (tmp_path / "k.pub").read_text().split()[:2]
    other.write_text(f"[127.0.0.1]:{host.port} {' '.join(key)}\n")
    done = ssh(LabHost(host.address, host.port, host.user, host.private_key_file, str(other)), "true")
    assert done.returncode == 255 and b"HOST IDENTIFICATION HAS CHANGED" in done.stderr


def test_somebody_who_does_not_speak_ssh_is_sent_away(lab: Lab, capfd: pytest.CaptureFixture[str]) -> None:
    host = lab.targets["web1"]
    for data in (b"", b"GET / HTTP/1.0\r\n\r\n" * 100, b"SSH-2.0-x\r\n" + bytes(64)):
        with socket.create_connection((host.address, host.port)) as stranger:
            stranger.sendall(data)
    assert ssh(host, "echo fine").stdout == b"fine\n"
    assert "Traceback" not in capfd.readouterr().err
