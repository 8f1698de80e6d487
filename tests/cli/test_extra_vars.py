"""`-e` in all its forms."""

from pathlib import Path

import pytest

from runner.cli.extra_vars import read_extra_vars
from runner.errors import InputErrors, OptionError
from runner.model.values import Template


def test_words_are_strings_and_later_ones_win() -> None:
    assert read_extra_vars(["a=1 b='x y' c=d=e", "a=2"]) == {"a": "2", "b": "x y", "c": "d=e"}


def test_yaml_and_json_keep_their_types() -> None:
    assert read_extra_vars(['{"a": 1, "b": [true, null]}', "{c: 1.5}"]) == {"a": 1, "b": [True, None], "c": 1.5}


def test_templates_are_trusted_wherever_they_stand() -> None:
    found = read_extra_vars(["a={{ b }}", "{c: ['{{ d }}']}"])
    assert isinstance(found["a"], Template)
    assert isinstance(found["c"][0], Template)
    assert type(read_extra_vars(["a=plain"])["a"]) is str


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "v.yaml").write_text("a: '{{ b }}'\nn: 3\n")
    found = read_extra_vars([f"@{tmp_path}/v.yaml"])
    assert found == {"a": "{{ b }}", "n": 3}
    assert isinstance(found["a"], Template)
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert read_extra_vars([f"@{tmp_path}/empty.yaml"]) == {}


def test_a_broken_file_names_the_place(tmp_path: Path) -> None:
    (tmp_path / "v.yaml").write_text("a: 1\nb: [1,\n")
    with pytest.raises(InputErrors) as caught:
        read_extra_vars([f"@{tmp_path}/v.yaml"])
    assert caught.value.problems[0].span.path == f"{tmp_path}/v.yaml"
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(InputErrors, match="mapping"):
        read_extra_vars([f"@{tmp_path}/list.yaml"])


def test_a_missing_file_hints_at_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "production.yaml").write_text("")
    with pytest.raises(OptionError, match=r"did you mean 'production\.yaml'"):
        read_extra_vars([f"@{tmp_path}/prodution.yaml"])


@pytest.mark.parametrize("text", ["a=1 loose", "[1]", "{a: [1,}", "/etc/vars.yaml", "1a=2", "a='open", "{1: 2}"])
def test_what_is_no_variable_is_refused(text: str) -> None:
    with pytest.raises(OptionError):
        read_extra_vars([text])


def test_messages_do_not_repeat_values() -> None:
    with pytest.raises(OptionError) as caught:
        read_extra_vars(["password=hunter2 loose"])
    assert "hunter2" not in str(caught.value)
