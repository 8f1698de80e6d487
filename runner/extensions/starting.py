"""The shell text that puts a module and its arguments into the session's private folder and runs it there."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any, Final

from runner import LANGUAGE_VERSION
from runner.errors import StepError
from runner.extensions.kinds import Shape, Style, with_json
from runner.model.call import Call, Effect, Fragment, Upload
from runner.model.quick import dataclass
from runner.sh.encode import printf_word
from runner.sh.place import INLINE_LIMIT, content_upload
from runner.sh.quote import path, quote

_PYTHON: Final = re.compile(r"python(?:[0-9]+(?:\.[0-9]+)?)?")
# Values of ansible_python_interpreter that ask for one to be found.
_FIND_ONE: Final = frozenset({"", "auto", "auto_legacy", "auto_silent", "auto_legacy_silent"})
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

# A program cannot run from a folder that is mounted noexec: then it goes to another one, as private, for as long as
# it runs.
_PROGRAM: Final = r"""
pb_where=
if [ ! -x "$pb_module" ]; then
  for pb_base in "$HOME" /dev/shm /var/tmp; do
    pb_where=$pb_base/.pb-$pb_nonce-$pb_index
    mkdir -m 700 "$pb_where" 2>/dev/null || { pb_where=; continue; }
    cp "$pb_module" "$pb_where/m" 2>/dev/null && chmod 700 "$pb_where/m" && [ -x "$pb_where/m" ] && break
    rm -rf "$pb_where"
    pb_where=
  done
  [ -n "$pb_where" ] || pb_fail "the module is a program, and every folder it could run from is mounted noexec"
  trap 'rm -rf "$pb_where"' EXIT
  trap 'exit 143' HUP INT TERM
  pb_module=$pb_where/m
fi
"""


@dataclass(frozen=True, slots=True)
class Started:
    """A module that is to run: its name, file, content and shape, and how much to say."""

    name: str
    content: bytes
    shape: Shape
    verbosity: int


def fragment_of(module: Started, call: Call, variable: Callable[[str], Any]) -> Fragment:
    """The fragment that runs it. `variable` gives one of the host's variables, or None.

    The arguments travel in a file of mode 0600, the module in one of 0700, both in the session's private folder; they
    are removed when it has ended.
    """
    given = {**call.args, **own_arguments(call, module.name, module.verbosity)}
    content, words = module.content, ""
    if module.shape.style is Style.JSON_ARGS:
        content = with_json(content, as_json(given))
    else:
        words = as_words(given) if module.shape.style is Style.OLD else as_json(given)
    uploads: list[Upload] = []
    lines = [
        "umask 077",
        _written(uploads, "module", "s", content),
        'chmod 700 "$pb_module" || exit 1',
    ]
    runs = '"$pb_module"'
    if words:
        lines.append(_written(uploads, "args", "i", words.encode("utf-8", "surrogateescape")))
        runs += ' "$pb_args"'
    if module.shape.style is Style.BINARY:
        lines.append(_PROGRAM.strip())
    else:
        runs = f"{_interpreter(lines, module, variable)} {runs}"
    lines += [
        'umask "$pb_umask"',
        f"(pb_user_run {runs})",
        "pb_rc=$?",
        'rm -f "$pb_module" "$pb_args"' if words else 'rm -f "$pb_module"',
        "exit $pb_rc",
    ]
    return Fragment("pb_differs", "\n".join(lines), Effect.UNSAFE, predictable=False, uploads=tuple(uploads))


def _written(uploads: list[Upload], name: str, letter: str, data: bytes) -> str:
    """Text that makes `$pb_NAME` a private file that holds the data: through the text itself, or an upload."""
    if len(data) > INLINE_LIMIT:
        uploads.append(content_upload(name, data))
        return f"pb_{name}=$pb_up_{name}"
    place = f'"$pb_dir/{letter}.$pb_index"'
    return f"pb_{name}={place}\nprintf {printf_word(data)} >{place} || pb_fail 'the module cannot be written'"


def _interpreter(lines: list[str], module: Started, variable: Callable[[str], Any]) -> str:
    """The words that run the module; what finds the interpreter on the host is added to `lines`."""
    program, *rest = module.shape.interpreter
    if posixpath.basename(program) == "env" and rest:
        rest = rest[1:] if rest[0] == "-S" and len(rest) > 1 else rest
        program, *rest = rest
    name = posixpath.basename(program)
    setting = f"ansible_{name}_interpreter"
    chosen = str((variable(setting) if _NAME.fullmatch(setting) else None) or "").strip()
    if _PYTHON.fullmatch(name) and chosen in _FIND_ONE:
        tried = " || ".join(f"command -v {quote(word)}" for word in dict.fromkeys((program, "python3", "python")))
        missing = quote(f"the module {module.name!r} needs Python ({program}), which is not on this host")
        lines.append(f"pb_run=$({tried}) || pb_fail {missing}")
        words = ['"$pb_run"']
    else:
        parts = shlex.split(chosen) if chosen and chosen not in _FIND_ONE else [program]
        missing = quote(f"the module {module.name!r} needs {parts[0]}, which is not on this host")
        words = [path(parts[0]), *(quote(part) for part in parts[1:])]
        lines.append(f"command -v {words[0]} >/dev/null 2>&1 || pb_fail {missing}")
    return " ".join([*words, *(quote(part) for part in rest)])


def own_arguments(call: Call, name: str, verbosity: int) -> dict[str, Any]:
    """What Ansible adds to every module's arguments."""
    return {
        "_ansible_check_mode": call.check,
        "_ansible_no_log": call.no_log,
        "_ansible_debug": False,
        "_ansible_diff": call.diff,
        "_ansible_verbosity": verbosity,
        "_ansible_version": LANGUAGE_VERSION,
        "_ansible_module_name": name,
        "_ansible_syslog_facility": "LOG_USER",
        "_ansible_selinux_special_fs": ["fuse", "nfs", "vboxsf", "ramfs", "9p", "vfat"],
        "_ansible_socket": None,
        "_ansible_shell_executable": "/bin/sh",
        "_ansible_keep_remote_files": False,
        "_ansible_tmpdir": None,
        "_ansible_remote_tmp": "~/.ansible/tmp",
        "_ansible_ignore_unknown_opts": False,
        "_ansible_target_log_info": None,
        "_ansible_tracebacks_for": [],
    }


def as_json(given: Mapping[str, Any]) -> str:
    """Arguments as JSON. Raises StepError for what JSON has no form for."""
    try:
        return json.dumps(given, allow_nan=False, default=_other)
    except (TypeError, ValueError, RecursionError) as error:
        raise StepError(f"the arguments cannot be written as JSON: {error}") from None


def _other(value: Any) -> Any:
    """Dates, bytes."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def as_words(given: Mapping[str, Any]) -> str:
    """Arguments as `key=value` words that a shell can read (`. "$1"`). Raises StepError for a key that would be
    anything else than a name to it."""
    for name in given:
        if not _NAME.fullmatch(str(name)):
            raise StepError(f"the argument {name!r} has no name that a module of this kind can be given")
    if any("\0" in str(value) for value in given.values()):
        raise StepError("an argument holds a NUL byte, which a module of this kind cannot be given")
    return "".join(f"{name}={shlex.quote(_shown(value))} " for name, value in given.items())


def _shown(value: Any) -> str:
    return str.__str__(value) if isinstance(value, str) else str(value)
