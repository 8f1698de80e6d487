"""Stands in for `ansible.module_utils.six.moves`: what moved between the Pythons, where it is now."""

from __future__ import annotations

import configparser
import functools
import io
import itertools
import pickle
import queue
import shlex
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

reduce = functools.reduce
zip_longest = itertools.zip_longest
filterfalse = itertools.filterfalse
StringIO = io.StringIO
cStringIO = io.StringIO  # noqa: N816 (six's own name)
cPickle = pickle  # noqa: N816
shlex_quote = shlex.quote
zip: Any = zip  # noqa: A001
map: Any = map  # noqa: A001
filter: Any = filter  # noqa: A001
range: Any = range  # noqa: A001
xrange: Any = range
input: Any = input  # noqa: A001

__all__ = ["configparser", "queue", "urllib"]
