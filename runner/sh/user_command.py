"""What command, shell, raw and script share: when the user's command runs, what it reads, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from runner.arguments import Option
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, Upload, failed
from runner.model.moment import stamp
from runner.model.values import Unknown
from runner.sh.encode import printf_word
from runner.sh.place import INLINE_LIMIT, content_upload
from runner.sh.quote import PLAIN_WORDS, path, pattern, quote
from runner.sh.verdict import text, value

# Words that a shell keeps for itself, and its own commands (POSIX, dash, bash, busybox) except the harmless ones.
_OF_THE_SHELL: Final = frozenset(
    """
    ! case do done elif else esac fi for function if in select then time until while coproc
    . alias bg bind break builtin caller cd chdir command compgen complete compopt continue declare dirs disown enable
    eval exec exit export fc fg getopts hash help history jobs kill let local logout mapfile popd pushd read readarray
    readonly return set shift shopt source suspend times trap type typeset ulimit umask unalias unset wait
    """.split()
)
# Built into dash, bash, ash and ksh alike, and harmless.
_OF_ANY_SHELL: Final = frozenset({"echo", "true", "false"})
_ARGUMENT_LIMIT: Final = 120_000
NOT_RUN: Final = "the command did not run in check mode"

GUARDS: Final[Mapping[str, Option]] = {
    "chdir": Option("path", doc="Go into this folder first."),
    "creates": Option("path", doc="A path or pattern: when it exists, the command does not run."),
    "removes": Option("path", doc="A path or pattern: when it does not exist, the command does not run."),
}
STDIN: Final[Mapping[str, Option]] = {
    "stdin": Option("str", doc="What the command reads on its standard input."),
    "stdin_add_newline": Option("bool", default=True, doc="End `stdin` with a newline."),
    "strip_empty_ends": Option("bool", default=True, doc="Cut newlines from the end of stdout and stderr."),
}

# The keys of a result that say what a command came to (see `result`), for `pbrun doc`.
BARE_RETURNS: Final[Mapping[str, str]] = {
    "rc": "The exit code.",
    "stdout": "What it printed.",
    "stderr": "What it printed as errors.",
    "stdout_lines": "`stdout` by lines.",
    "stderr_lines": "`stderr` by lines.",
}
RUN_RETURNS: Final[Mapping[str, str]] = {
    **BARE_RETURNS,
    "cmd": "What was run.",
    "start": "When it began.",
    "end": "When it ended.",
    "delta": "How long it took.",
}


def guarded(call: Call, run: str, uploads: tuple[Upload, ...] = (), bare: str = "") -> Fragment:
    """The fragment that goes into `chdir`, looks at `creates` and `removes`, and else runs the text `run`.

    `bare`: see `Fragment`; it holds if there is nothing to look at before."""
    args = call.args
    creates, removes, chdir = args.get("creates"), args.get("removes"), args.get("chdir")
    lines: list[str] = []
    if chdir and not (call.check and chdir in call.will_exist):
        lines.append(
            f"cd {path(chdir)} 2>/dev/null || pb_fail {quote(f'Unable to change directory before execution: {chdir}')}"
        )
    if creates:
        lines.append(_exists(call, creates) + "then pb_kv guard creates; exit 0; fi")
    if removes:
        lines.append(_exists(call, removes) + "then :; else pb_kv guard removes; exit 0; fi")
    stdin, more = _stdin(args)
    return Fragment(
        probe="\n".join([*lines, "pb_differs"]),
        apply=stdin + run,
        bare="" if lines or stdin else bare,
        effect=Effect.IDEMPOTENT if creates or removes else Effect.UNSAFE,
        predictable=bool(creates or removes),
        uploads=(*uploads, *more),
        makes=(creates,) if creates else (),
        removes=(removes,) if removes else (),
    )


def _exists(call: Call, glob: str) -> str:
    """`if … ` that is true when something matches; a dry run also knows what earlier steps would have done."""
    if call.check and glob in call.will_exist:
        return "if true; "
    if call.check and glob in call.will_vanish:
        return "if false; "
    return (
        f'pb_found=; for pb_f in {pattern(glob)}; do if [ -e "$pb_f" ] || [ -L "$pb_f" ]; then pb_found=1; break; fi; '
        'done\nif [ -n "$pb_found" ]; '
    )


def through_shell(command: str, executable: str | None = None) -> str:
    """Text that runs `command` in a shell of its own: as an argument, or as a private file when it is too long for one
    (Linux: 128 KiB)."""
    shell = path(executable) if executable else "/bin/sh"
    data = command.encode("utf-8", "surrogateescape")
    if len(data) > _ARGUMENT_LIMIT:
        script = '"$pb_dir/s.$pb_index"'
        return f"printf {printf_word(data)} >{script} || exit 1\npb_user_run {shell} {script}"
    if executable is None and _is_one_command(command):
        # The shell that would read these words is the one that is here already: it need not be started again.
        return f'[ "$0" = /bin/sh ] || pb_user_run /bin/sh -c {quote(command)}\npb_user_own\n{_words(command)}'
    # A text that begins like an option would be read as one.
    return f"pb_user_run {shell} -c {quote(f' {command}' if command[0] in '-+' else command)}"


def bare_words(command: str) -> str:
    """The words of a line for the shell that any POSIX shell runs itself, starting no process and changing nothing of
    itself; "" for any other."""
    return _words(command) if _is_one_command(command) and command.split(maxsplit=1)[0] in _OF_ANY_SHELL else ""


def _words(command: str) -> str:
    return " ".join(quote(word) for word in command.split())


def _is_one_command(text: str) -> bool:
    """Whether a line for the shell is a command and its arguments, of which nothing is special to a shell, and which
    does not look at the shell itself (its variables, functions, jobs, options)."""
    first = text.split(maxsplit=1)[0] if PLAIN_WORDS.fullmatch(text) else ""
    return bool(first) and "=" not in first and first not in _OF_THE_SHELL and not first.startswith(("-", "+", "pb_"))


def _stdin(args: Mapping[str, Any]) -> tuple[str, tuple[Upload, ...]]:
    """Text that makes `stdin` the subshell's standard input: through a private file, so that nothing can deadlock."""
    given = args.get("stdin")
    if not given:
        return "", ()
    data = (given + ("\n" if args["stdin_add_newline"] else "")).encode("utf-8", "surrogateescape")
    if len(data) > INLINE_LIMIT:
        return 'exec <"$pb_up_stdin"\n', (content_upload("stdin", data),)
    return f'printf {printf_word(data)} >"$pb_dir/i.$pb_index" && exec <"$pb_dir/i.$pb_index" || exit 1\n', ()


def result(call: Call, reply: Reply, cmd: Any = None, *, strip: bool = True, times: bool = True) -> Outcome:
    """What the command came to, with Ansible's keys: cmd rc stdout stderr start end delta msg."""
    values: dict[str, Any] = {} if cmd is None else {"cmd": cmd}
    if "guard" in reply.values:
        return _guarded_off(call, value(reply, "guard"), values)
    if call.check and reply.rc == 0:
        return _would_run(values)
    stdout, stderr = text(reply.stdout), text(reply.stderr)
    if strip:
        stdout, stderr = stdout.rstrip("\r\n"), stderr.rstrip("\r\n")
    values |= {"rc": reply.rc, "stdout": stdout, "stderr": stderr, **(_times(reply) if times else {})}
    if reply.timed_out:
        return failed("Timed out", changed=True, **values)
    if "msg" in reply.values:
        return failed(value(reply, "msg"), **values)
    if reply.rc != 0:
        return failed("non-zero return code", changed=True, **values)
    return Outcome(Status.CHANGED, {**values, "msg": ""})


def _guarded_off(call: Call, guard: str, values: dict[str, Any]) -> Outcome:
    name, state = call.args[guard], "exists" if guard == "creates" else "does not exist"
    values |= {"rc": 0, "stdout": f"skipped, since {name} {state}", "stderr": ""}
    values |= {"start": None, "end": None, "delta": None}
    did = "Would" if call.check else "Did"
    return Outcome(Status.OK, values, msg=f"{did} not run command since '{name}' {state}")


def _would_run(values: dict[str, Any]) -> Outcome:
    unknown = Unknown(NOT_RUN)
    values |= {"rc": unknown, "stdout": unknown, "stderr": unknown, "stdout_lines": unknown, "stderr_lines": unknown}
    return Outcome(Status.CHANGED, values, msg="Command would have run if not in check mode")


def _times(reply: Reply) -> dict[str, str]:
    delta = timedelta(seconds=reply.end - reply.start)
    return {"start": stamp(reply.start), "end": stamp(reply.end), "delta": str(delta)}
