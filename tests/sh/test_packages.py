"""What apt and dnf print, read; names of files of sources; wildcards in packages' names."""

from __future__ import annotations

import fnmatch
import re

import pytest

from runner.sh import apt, apt_result, apt_sources
from runner.sh.dnf_result import announced

DNF = """\
Last metadata expiration check: 0:00:01 ago on Tue Nov 24 21:02:50 2026.
Dependencies resolved.
================================================================================
 Package                     Arch    Version                     Repo      Size
================================================================================
Installing:
 a-package-with-a-name-that-is-longer-than-its-column
                             x86_64  1:2.0-1.el9                 appstream 6.0 k
     replacing  old-one.x86_64 1.0-1
Upgrading:
 bash                        x86_64  5.1.8-9.el9                 baseos    1.7 M
Installing dependencies:
 dep                         noarch  0:1.0-1                     local     6.0 k
Removing:
 old                         noarch  3-1                         @local    4
Removing dependent packages:
 older                       noarch  4-1                         @local    4

Transaction Summary
================================================================================
Install  2 Packages
Upgrade  1 Package

Total download size: 24 k
Operation aborted.
"""


def test_the_table_of_dnf() -> None:
    have = "bash.x86_64 bash-5.1.8-6.el9.x86_64\nbash.i686 bash-5.1.8-6.el9.i686\n"
    new, old = announced(DNF, have)
    assert new == [
        "a-package-with-a-name-that-is-longer-than-its-column-1:2.0-1.el9.x86_64",
        "bash-5.1.8-9.el9.x86_64",
        "dep-1.0-1.noarch",
    ]
    assert old == ["bash-5.1.8-6.el9.x86_64", "old-3-1.noarch", "older-4-1.noarch"]
    assert announced("Nothing to do.\n") == ([], [])


def test_the_simulation_of_apt() -> None:
    found = apt_result.moves(
        "Remv gone [1:2.0-1]\n"
        "Purg purged [3]\n"
        "Inst libc6:i386 [2.36-1] (2.36-9+deb12u1 Debian:12.1/stable [i386]) []\n"
        "Inst fresh (1.0 Debian:12/stable [all])\n"
        "Conf fresh (1.0 Debian:12/stable [all])\n"
        "Del kept 4.5 [24 kB]\n"
    )
    assert found.before == "gone 1:2.0-1\nkept 4.5\nlibc6:i386 2.36-1\npurged 3\n"
    assert found.after == "fresh 1.0\nlibc6:i386 2.36-9+deb12u1\n"


@pytest.mark.parametrize(
    ("source", "name", "wanted"),
    [
        ("deb http://dl.google.com/linux/chrome/deb/ stable main", None, "dl_google_com_linux_chrome_deb.list"),
        ("deb [arch=amd64 signed-by=/k] https://user:pw@x.example/a-b stable main", None, "x_example_a_b.list"),
        ("ppa:owner/name_jammy", None, "ppa_owner_name_jammy.list"),
        ("deb-src file:/srv ./", None, "file_srv.list"),
        ("deb http://x y z", "own", "own.list"),
    ],
)
def test_the_file_of_a_source(source: str, name: str | None, wanted: str) -> None:
    assert apt_sources.file_name(source, name) == wanted


@pytest.mark.parametrize(
    "text", ["deb http://x y z", "# deb http://x y z # why", "", "# words", "deb  http://x   y z "]
)
def test_a_line_that_is_written_is_read_again(text: str) -> None:
    line = apt_sources.parsed(text)
    assert apt_sources.parsed(line.text) == line


@pytest.mark.parametrize(
    "pattern", ["apt*", "lib?-*", "[a-c]*", "[!a-c]*", "g++*", "x.y?", "[]a]b", "a^b*", "[ab", "*"]
)
def test_a_wildcard_means_what_it_means_in_python(pattern: str) -> None:
    names = [
        "apt",
        "apt-utils",
        "aptitude",
        "lib1-x",
        "bash",
        "dash",
        "g++",
        "g++-12",
        "gpp",
        "x.yz",
        "xayz",
        "]b",
        "ab",
    ]
    names += ["a^bc", "[ab", "-"]
    ours = re.compile(apt.regexp(pattern))
    assert [name for name in names if ours.fullmatch(name)] == fnmatch.filter(names, pattern)
