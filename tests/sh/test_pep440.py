"""Requirements of Python packages: what satisfies them."""

import pytest

from runner.sh import pep440


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("a", "1 0.1.dev1", ""),
        ("a==1.0", "1 1.0.0 1.0+local", "1.0.1 1.0a1 1.0.post1"),
        ("a==1.*", "1 1.9 1.0rc1", "2 10"),
        ("a!=1.1.*", "1.2 1", "1.1 1.1.5"),
        ("a>=1.0,<2", "1 1.9.9 1.0.post1", "0.9 2 2.0rc1 1.0a1"),
        ("a>1.0", "1.0.1 2", "1.0 1.0.post1 1.0rc1"),
        ("a~=1.4.2", "1.4.2 1.4.9", "1.5 1.4.1"),
        ("a~=1.4", "1.4 1.9", "2.0 1.3"),
        ("a===weird", "weird", "1"),
        ("a<1.0rc2", "1.0rc1 1.0a9 1.0.dev3", "1.0rc2 1.0"),
        ("a>=1!0", "1!0 1!2", "99"),
        ("a == 1.0+u.1", "1.0+u.1", "1.0 1.0+u.2"),
        ("a<=1", "1 0 1+x", "1.1"),
    ],
)
def test_satisfied(text: str, yes: str, no: str) -> None:
    found = pep440.requirement(text)
    assert found is not None
    assert [version for version in yes.split() if not found.satisfied_by(version)] == []
    assert [version for version in no.split() if found.satisfied_by(version)] == []


def test_names() -> None:
    found = pep440.requirement("Some_Pkg.X[extra, two] >=1, <2")
    assert found is not None
    assert (found.name, found.extras, found.specifiers) == ("some-pkg-x", True, ((">=", "1"), ("<", "2")))
    for text in ("git+https://x/y", "./here", "a; python_version<'3'", "-r x", "", "a b"):
        assert pep440.requirement(text) is None


def test_lists_are_put_together_again() -> None:
    given = ["django>1.11.1", "<1.11.3", "x[a", "b]>=1.0,<2.0", "y"]
    assert pep440.several(given) == ["django>1.11.1,<1.11.3", "x[a,b]>=1.0,<2.0", "y"]
