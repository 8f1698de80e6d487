"""The command line as `Options`: letters and meaning are Ansible's."""

import argparse
from typing import Any

import pytest

from runner.cli import options as cli_options
from runner.cli import play_command
from runner.errors import OptionError
from runner.model.options import Options


def parse(line: str) -> argparse.Namespace:
    return play_command.parser().read(line.split())


def made(line: str) -> Options:
    return cli_options.playbook_options(parse(line))


def test_nothing_but_a_playbook() -> None:
    options = made("site.yaml -i hosts")
    assert options.playbooks == ("site.yaml",)
    assert options.inventories == ("hosts",)
    assert options.tags == ("all",)
    assert options.forks == 50
    usual: dict[str, Any] = {"become_user": "root", "become_method": "sudo", "connection": "ssh", "timeout_s": 10}
    usual |= {"ssh_common_args": "", "ssh_extra_args": "", "settings": options.settings}
    assert options == Options(playbooks=("site.yaml",), inventories=("hosts",), **usual)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("-i a -i b,c,", "inventories", ("a", "b,c,")),
        ("--inventory-file a", "inventories", ("a",)),
        ("-l web:!web2", "limit", "web:!web2"),
        ("-t a,b -t c,a", "tags", ("a", "b", "c")),
        ("--skip-tags x,y --skip-tags z", "skip_tags", ("x", "y", "z")),
        ("-C", "check", True),
        ("-D", "diff", True),
        ("-f 7", "forks", 7),
        ("--engine inline", "engine", "inline"),
        ("--engine dask:4", "engine", "dask:4"),
        ("--engine dask:tls://boss:8786", "engine", "dask:tls://boss:8786"),
        ("-u deploy", "user", "deploy"),
        ("-b", "become", True),
        ("--become-user app", "become_user", "app"),
        ("--become-method doas", "become_method", "doas"),
        ("--private-key k", "private_key", "k"),
        ("--key-file k", "private_key", "k"),
        ("-c local", "connection", "local"),
        ("-T 2.5", "timeout_s", 2.5),
        ("--ssh-common-args=-Jgate", "ssh_common_args", "-Jgate"),
        ("--ssh-extra-args=-oA=b", "ssh_extra_args", "-oA=b"),
        ("--start-at-task x", "start_at_task", "x"),
        ("--step", "step", True),
        ("--force-handlers", "force_handlers", True),
        ("-vvv", "verbosity", 3),
        ("-v -v", "verbosity", 2),
        ("--log run.jsonl", "log", "run.jsonl"),
        ("--output json", "output", "json"),
        ("--check --detailed-exitcode", "detailed_exitcode", True),
        ("--strategy dag", "strategy", "dag"),
        ("--strict", "strict", True),
        ("--list-tags", "tags", ("never", "all")),
        ("--list-tags -t x", "tags", ("x",)),
        ("--list-tags --skip-tags x", "tags", ("all",)),
    ],
)
def test_each_flag(line: str, field: str, value: object) -> None:
    assert getattr(made(f"site.yaml {line}"), field) == value


def test_playbooks_and_flags_may_be_mixed() -> None:
    assert made("a.yaml -i x b.yaml -C").playbooks == ("a.yaml", "b.yaml")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("site.yaml --chekc", "did you mean '--check'?"),
        ("site.yaml --output jsno", "did you mean 'json'?"),
        ("site.yaml -f 0", "less than 1"),
        ("site.yaml -f many", "many"),
        ("site.yaml --engine dsk", "there is no engine 'dsk': did you mean 'dask'"),
        ("site.yaml --engine threads:4", "'threads:4': it has no address"),
        ("site.yaml --engine dask:", "nothing follows"),
        ("site.yaml -T -1", "-T"),
        ("site.yaml -T inf", "duration"),
        ("", "PLAYBOOK"),
        ("site.yaml --detailed-exitcode", "needs --check"),
        ("site.yaml -K --become-password-file f", "exclude each other"),
        ("site.yaml -k --connection-password-file f", "exclude each other"),
    ],
)
def test_mistakes_are_option_errors_with_a_hint(line: str, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        made(line)
    assert said in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_command_in_the_wrong_place_is_explained() -> None:
    with pytest.raises(OptionError, match="must come first"):
        play_command.check_playbooks(["exec"])
