"""The command line that the log keeps holds no secret of `-e`."""

import pytest

from runner.cli.masking import masked


@pytest.mark.parametrize(
    "argv",
    [
        ["-e", "db_password=hunter2"],
        ["-edb_password=hunter2"],
        ["--extra-vars", "a=1 api_token='hunter2 x' b=2"],
        ["--extra-vars=vault_secret=hunter2"],
        ["-e", '{"root_passwd": "hunter2", "n": 1}'],
        ["-e", "{private_key: hunter2}"],
        ["-e", "ansible_become_pass=hunter2"],
        ["-CDe", "api_token=hunter2"],
        ["-Ceapi_token=hunter2"],
        ["--extra-v", "api_token=hunter2"],
        ["--ex=api_token=hunter2"],
    ],
)
def test_values_named_like_secrets_are_masked(argv: list[str]) -> None:
    assert "hunter2" not in " ".join(masked(argv))
    assert "********" in " ".join(masked(argv))


@pytest.mark.parametrize(
    "argv", [["-e", "release=1.4 bypass_count=2"], ["site.yaml", "-l", "token=x"], ["-e", "@secret.yaml"]]
)
def test_the_rest_stays(argv: list[str]) -> None:
    assert list(masked(argv)) == argv
