"""What the command line, the target and the configuration files decide together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runner.errors import Unreachable
from runner.model.call import Target
from runner.transports import _config
from runner.transports._options import parse_arguments, settle
from runner.transports.ssh import jump_target


def no_config(alias: str, file: str | None) -> Mapping[str, Any]:  # noqa: ARG001
    return {}


def test_arguments_are_read_as_ssh_does() -> None:
    words = ("-oPort=2200", "-o", "StrictHostKeyChecking no", "-C", "-p22", "-vvA", "-i", "~/k", "-4J", "b1,b2")
    assert parse_arguments(words) == {
        "port": ["2200", "22"],
        "stricthostkeychecking": ["no"],
        "compression": ["yes"],
        "identityfile": ["~/k"],
        "addressfamily": ["inet"],
        "proxyjump": ["b1,b2"],
    }


@pytest.mark.parametrize("words", [("host",), ("-o",), ("-o", "Port"), ("-i",)])
def test_arguments_that_make_no_sense(words: tuple[str, ...]) -> None:
    with pytest.raises(Unreachable):
        parse_arguments(words)


def test_ansible_common_args_are_accepted() -> None:
    args = ("-C", "-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-o", "ControlPath=/tmp/%h", "-o",
            "ForwardAgent=yes", "-o", "StrictHostKeyChecking=accept-new", "-o", "ConnectTimeout=3")  # fmt: skip
    settings = settle(Target("h", ssh_args=args), no_config)
    assert (settings.checking, settings.timeout_s, settings.key_name) == ("accept-new", 3.0, "h")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("# Host web*: %h\nUser deploy\nHost *\n  Port 2201\n  IdentityFile ~/.ssh/deploy\n", True),
        ("User deploy\nHost web*\n  Port 2201\n", False),
        ("Host * !db\n  Port 2201\n", False),
        ("Host *\n  IdentityFile ~/.ssh/%h\n", False),
        ("Match host web1\n  Port 2201\n", False),
    ],
)
def test_what_a_file_says_of_all_hosts_is_looked_up_once(tmp_path: Path, text: str, *, same: bool) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    config = _config.load(str(path), must_exist=True)
    assert config is not None
    assert (config.common is not None) is same
    for host in ("web1", "db"):
        assert {"hostname": host, **_config.options(config, host)} == dict(config.parsed.lookup(host))


def test_precedence(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(
        "Host web*\n  HostName 10.1.1.1\n  Port 2201\n  User deploy\n  IdentityFile ~/.ssh/deploy\n"
        "  UserKnownHostsFile /a /b\nHost *\n  ConnectTimeout 4\n  ProxyCommand nc %h %p\n"
    )
    config = _config.load(str(path), must_exist=True)
    assert config is not None

    def lookup(alias: str, file: str | None) -> Mapping[str, Any]:  # noqa: ARG001
        return _config.options(config, alias)

    plain = settle(Target("web1"), lookup)
    assert (plain.address, plain.port, plain.user, plain.timeout_s) == ("10.1.1.1", 2201, "deploy", 4.0)
    assert plain.identities == (str(Path("~/.ssh/deploy").expanduser()),)
    assert plain.user_known_hosts == ("/a", "/b")
    assert plain.proxy_command == "nc 10.1.1.1 2201"
    assert plain.key_name == "[10.1.1.1]:2201"
    own = settle(
        Target("web1", user="me", port=22, private_key_file="/k", ssh_args=("-o", "ProxyCommand=none")), lookup
    )
    assert (own.user, own.port, own.proxy_command, own.identities[0]) == ("me", 22, None, "/k")
    given = settle(Target("web1", user="me", ssh_args=("-l", "you", "-J", "bastion", "-o", "HostKeyAlias=x")), lookup)
    assert (given.user, given.jumps, given.proxy_command, given.key_name) == ("you", ("bastion",), None, "x")


@pytest.mark.parametrize(
    "host", ["-oProxyCommand=touch PWNED", "$(touch PWNED)", "`touch PWNED`", "a\nb", "a b", "a;b", "h|x", "", "a\x00"]
)
def test_host_names_that_could_be_commands_are_refused(host: str) -> None:
    with pytest.raises(Unreachable, match="not a valid name"):
        settle(Target("h", address=host) if host else Target(""), no_config)


@pytest.mark.parametrize("user", ["u$(touch PWNED)", "-l", "a b", "a'b"])
def test_user_names_too(user: str) -> None:
    with pytest.raises(Unreachable, match="not a valid name"):
        settle(Target("h", user=user), no_config)


def test_match_exec_is_never_run(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(f'Match exec "touch {tmp_path}/PWNED"\n  User evil\nMatch host h\n  User good\n')
    config = _config.load(str(path), must_exist=True)
    assert config is not None
    assert _config.options(config, "h")["user"] == "good"
    assert not (tmp_path / "PWNED").exists()


def test_include(tmp_path: Path) -> None:
    (tmp_path / "one.conf").write_text("Host a\n  User from_one\n")
    path = tmp_path / "config"
    path.write_text(f"Include {tmp_path}/*.conf\nHost *\n  User other\n")
    config = _config.load(str(path), must_exist=True)
    assert config is not None
    assert [_config.options(config, name)["user"] for name in ("a", "b")] == ["from_one", "other"]


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    assert _config.load(str(tmp_path / "none"), must_exist=False) is None
    with pytest.raises(Unreachable, match="cannot read the ssh configuration"):
        _config.load(str(tmp_path / "none"), must_exist=True)
    bad = tmp_path / "bad"
    bad.write_text("this\n")
    with pytest.raises(Unreachable, match="not a valid ssh configuration"):
        _config.load(str(bad), must_exist=True)
    loop = tmp_path / "loop"
    loop.write_text(f"Include {loop}\n")
    with pytest.raises(Unreachable, match="nested"):
        _config.load(str(loop), must_exist=True)


def test_jump_hosts_get_keys_but_no_password() -> None:
    from runner.model.values import Secret

    target = Target(
        "h", user="me", password=Secret("x"), private_key_file="/k",
        ssh_args=("-J", "a,u@[::1]:2222", "-p", "99", "-o", "UserKnownHostsFile=/kh"),
    )  # fmt: skip
    via = jump_target(target, ("a", "u@[::1]:2222"))
    assert (via.host, via.port, via.user, via.password, via.private_key_file) == ("::1", 2222, "u", None, "/k")
    assert via.ssh_args == ("-o", "userknownhostsfile=/kh", "-J", "a")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), "auto"),
        (("-C",), "yes"),
        (("-qC",), "yes"),
        (("-o", "Compression=no"), "no"),
        (("-oCompression=YES",), "yes"),
    ],
)
def test_compression_is_what_ssh_is_told(words: tuple[str, ...], wanted: str) -> None:
    assert settle(Target(host="h", ssh_args=words), no_config).compression == wanted


def test_compression_of_a_configuration_file() -> None:
    assert settle(Target(host="h"), lambda _alias, _file: {"compression": "no"}).compression == "no"
