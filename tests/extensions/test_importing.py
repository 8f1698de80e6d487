"""Plug-in files run with an `import` of their own: Ansible's names mean our stand-ins there, and nowhere else."""

import importlib.util
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.extensions.importing import STAND_INS, Importer, PluginFault
from runner.extensions.shelves import Named, Shelves

Load = Callable[[str], object]


def importer(folder: Path, said: list[tuple[str, str]] | None = None, verbosity: int = 0) -> Importer:
    shelves = Shelves({str(folder): None}, Named(), lambda _folder, reason: pytest.fail(reason))
    told = [] if said is None else said
    return Importer(lambda level, message: told.append((level, message)), verbosity, shelves.part_of_collection)


def load(folder: Path, text: str, name: str = "plugin.py") -> object:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return importer(folder).load(str(path))


EVERYDAY = """
from __future__ import absolute_import, division, print_function
__metaclass__ = type
import ansible.errors
import ansible.module_utils.six as six
from ansible import errors
from ansible.errors import (AnsibleError, AnsibleFilterError, AnsibleFilterTypeError, AnsibleLookupError,
                            AnsibleOptionsError, AnsibleParserError, AnsibleUndefinedVariable)
from ansible.errors import *
from ansible.module_utils._text import to_bytes, to_native, to_text
from ansible.module_utils.common.text.converters import to_text as other
from ansible.module_utils.common.collections import Mapping, is_sequence
from ansible.module_utils.common._collections_compat import MutableMapping
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.module_utils.six import string_types, iteritems, text_type
from ansible.module_utils.six.moves import urllib, zip_longest
from ansible.module_utils.six.moves.urllib.parse import quote
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible.utils.listify import listify_lookup_plugin_terms
from ansible.utils.unsafe_proxy import wrap_var, AnsibleUnsafeText
from ansible.utils.vars import merge_hash
try:
    from __main__ import display
except ImportError:
    display = Display()
from ansible.module_utils.urls import open_url, ConnectionError as LinkError, SSLValidationError
from ansible.parsing.yaml.dumper import AnsibleDumper
from ansible.parsing.yaml.objects import AnsibleUnicode, AnsibleMapping, AnsibleSequence
from ansible.plugins.filter.core import FilterModule as Core, combine, flatten, regex_replace, to_nice_yaml, from_yaml
from ansible.plugins.filter.mathstuff import human_readable
from ansible.release import __version__ as version
try:
    from ansible.template import Templar
except ImportError:
    Templar = None
import json, os.path, re as regex, xml.etree.ElementTree as tree
from dataclasses import dataclass


@dataclass
class Pair:
    left: "int"
    right: int = 2


found = [
    errors.AnsibleError is AnsibleError is ansible.errors.AnsibleError,
    issubclass(AnsibleFilterTypeError, TypeError) and issubclass(AnsibleFilterError, AnsibleError),
    to_text(b"x") == other("x") == "x" and to_bytes("x") == b"x",
    is_sequence([1]) and not is_sequence("x"),
    boolean("yes") and not boolean("off"),
    isinstance("x", string_types) and six.PY3,
    quote("a b") == urllib.parse.quote("a b") == "a%20b",
    merge_hash({"a": {"b": 1}}, {"a": {"c": 2}}) == {"a": {"b": 1, "c": 2}},
    Templar is None,
    Pair(1) == Pair(1, 2),
    wrap_var("x") == "x",
    combine({"a": 1}, {"b": 2}) == {"a": 1, "b": 2} and flatten([1, [2]]) == [1, 2],
    regex_replace("abc", "b", "x") == "axc" and from_yaml(to_nice_yaml({"a": [1]})) == {"a": [1]},
    human_readable(1048576) == "1.00 MB" and "to_json" in Core().filters(),
    __import__("yaml").dump({"a": AnsibleUnicode("x")}, Dumper=AnsibleDumper) == "a: x\\n",
    version.split(".")[0] == "2",
    listify_lookup_plugin_terms("x", templar=None) == ["x"],
]
"""


def test_what_plug_ins_usually_import_is_there(tmp_path: Path) -> None:
    module = load(tmp_path, EVERYDAY)
    assert all(module.found), module.found  # type: ignore[attr-defined]


def test_nobody_else_sees_the_stand_ins(tmp_path: Path) -> None:
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "ansible"}
    load(tmp_path, EVERYDAY)
    assert {name: module for name, module in sys.modules.items() if name.split(".")[0] == "ansible"} == before
    assert importlib.util.find_spec("runner.extensions.stand_ins.errors")
    for name in ("ansible_collections", "ansible.errors"):
        assert name not in sys.modules or name in before


@pytest.mark.parametrize("stand_in", sorted(STAND_INS))
def test_each_stand_in_can_be_imported(tmp_path: Path, stand_in: str) -> None:
    load(tmp_path, f"import {stand_in}\nfrom {stand_in.rpartition('.')[0]} import {stand_in.rpartition('.')[2]}\n")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            "\nfrom ansible.template import Templar\n",
            2,
            "it imports ansible.template, which is a part of Ansible itself",
        ),
        ("import ansible.constants as C\n", 1, "it imports ansible.constants, which is a part of Ansible itself"),
        ("from ansible import constants\n", 1, "it imports ansible.constants, which is a part of Ansible itself"),
        ("from ansible.errors import NoSuchError\n", 1, "what stands in for ansible.errors has no 'NoSuchError'"),
        ("import no_such_library\n", 1, "No module named 'no_such_library'"),
        ("from ..module_utils import x\n", 1, "it imports ..module_utils, but belongs to no package"),
        ("import ansible_collections.a.b.plugins.module_utils.c\n", 1, "which is in no collections folder"),
        ("x = 1\ny = (\n", 2, "it is not Python"),
        ("raise ValueError('no')\n", 1, "ValueError: no"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        ("def f():\n    return 1 / 0\nf()\n", 2, "ZeroDivisionError"),
    ],
)
def test_a_file_that_needs_more_says_so_with_its_place(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(PluginFault) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/plugin.py:{line}: "), caught.value
    assert words in str(caught.value)


def test_a_fault_is_the_same_each_time_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("import no_such_library\n")
    loader = importer(tmp_path)
    faults = []
    for _ in range(2):
        with pytest.raises(PluginFault) as caught:
            loader.load(str(tmp_path / "f.py"))
        faults.append(caught.value)
    assert faults[0] is faults[1]
    assert not [name for name in sys.modules if name.startswith("pbrun_plugin_f_")]


def test_files_of_a_collection_see_one_another(tmp_path: Path) -> None:
    plugins = tmp_path / "collections" / "ansible_collections" / "a" / "b" / "plugins"
    for name, text in {
        "module_utils/words.py": "from .more import MORE\nWORDS = ['a', *MORE]\n",
        "module_utils/more/__init__.py": "from ...plugin_utils import last\nMORE = ['b', last.LAST]\n",
        "plugin_utils/last.py": "LAST = 'c'\n",
        "filter/f.py": "from ansible_collections.a.b.plugins.module_utils import words as one\n"
        "import ansible_collections.a.b.plugins.module_utils.words as two\n"
        "from ..module_utils.words import WORDS\nfound = [one is two, WORDS]\n",
    }.items():
        path = plugins / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    loader = importer(tmp_path)
    module = loader.load(str(plugins / "filter" / "f.py"), "ansible_collections.a.b.plugins.filter")
    assert module.found == [True, ["a", "b", "c"]]
    assert not [name for name in sys.modules if name.startswith("ansible_collections.a")]


def test_threads_get_one_module(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("import time\ntime.sleep(0.05)\nfrom ansible.errors import AnsibleError\n")
    loader = importer(tmp_path)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(loader.load(str(tmp_path / "f.py")))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_display_tells_the_user(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text(
        "from ansible.utils.display import Display\nshow = Display()\n"
        "print('p', 1, sep='-', flush=True)\nshow.warning('w'); show.display('d'); show.vv('vv')\n"
        "show.vvvv('vvvv'); show.deprecated('old', version='3')\n"
    )
    said: list[tuple[str, str]] = []
    importer(tmp_path, said, verbosity=2).load(str(tmp_path / "f.py"))
    assert said == [
        ("notice", "p-1"),
        ("warning", "w"),
        ("notice", "d"),
        ("notice", "vv"),
        ("warning", "deprecated: old"),
    ]
