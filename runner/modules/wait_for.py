"""wait_for: wait until a port or file of the host is there, holds something, or is gone (ansible.builtin.wait_for).

The host itself waits, in a loop that ends by its clock and by a count. A loopback port counts as open when
/proc/net/tcp shows that something listens there; any other is connected to with bash or nc. `search_regex` is a
Python pattern: where `grep -E` finds the same lines, the host looks by itself; otherwise it sends what it has whenever
that changes, and Python looks here. In a dry run it does not wait, as in Ansible.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, failed, ok, skipped
from runner.model.ports import Desk
from runner.model.quick import dataclass
from runner.model.values import Unknown
from runner.sh import ports
from runner.sh.lines_grep import grep_pattern
from runner.sh.quote import path as path_word
from runner.sh.quote import quote
from runner.sh.verdict import failure, value

SPEC = Spec(
    doc="Wait for a port, a file, or some seconds.",
    effect=Effect.READ,
    observes=True,
    options={
        "host": Option(default="127.0.0.1", doc="A name or address, as the target sees it."),
        "port": Option("int", doc="A TCP port."),
        "path": Option("path", doc="A file."),
        "search_regex": Option("regexp", doc="A Python pattern that the file or what the port says must match."),
        "state": Option(
            default="started",
            choices=("absent", "drained", "present", "started", "stopped"),
            doc="What to wait for.",
        ),
        "timeout": Option("int", default=300, doc="Seconds to wait at most; without port and path: how long."),
        "connect_timeout": Option("int", default=5, doc="Seconds that one attempt to connect may take."),
        "delay": Option("int", default=0, doc="Seconds to wait before the first look."),
        "sleep": Option("int", default=1, doc="Seconds between looks; at least one."),
        "active_connection_states": Option(
            "list",
            default=["ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "SYN_RECV", "SYN_SENT", "TIME_WAIT"],
            elements="str",
            doc="What counts as a connection for `drained`.",
        ),
        "exclude_hosts": Option("list", elements="str", doc="Addresses whose connections `drained` does not count."),
        "msg": Option(doc="The message of a failure, in place of the usual one."),
    },
    example="""\
- name: The port answers
  ansible.builtin.wait_for:
    port: 8080
    timeout: 60
- name: The log says so
  ansible.builtin.wait_for:
    path: /var/log/app.log
    search_regex: ready after (\\d+) s
""",
    returns={
        "elapsed": "How many seconds it took.",
        "match_groups": "The groups of the pattern.",
        "match_groupdict": "Its named groups.",
        "path": "The path.",
        "port": "The port.",
        "state": "What was waited for.",
    },
)

_HOST: Final = re.compile(r"[\w:%][\w.:%-]*")
_LOOP: Final = r"""
start=$(date +%s)
count=0
clock() { elapsed=$(($(date +%s) - start)); [ "$elapsed" -ge 0 ] || elapsed=0; left=$((timeout - elapsed)); }
have_timeout=
if timeout 9 true 2>/dev/null; then have_timeout=1; fi
within() {
  secs=$1
  shift
  [ "$secs" -ge 1 ] || secs=1
  if [ -n "$have_timeout" ]; then timeout "$secs" "$@" 9>&-; return; fi
  "$@" 9>&- & job=$!
  (sleep "$secs"; kill "$job") >/dev/null 2>&1 9>&- & guard=$!
  wait "$job"
  code=$?
  kill "$guard" 2>/dev/null
  return "$code"
}
shorter() { if [ "$left" -lt "$connect" ]; then patience=$left; else patience=$connect; fi; }
[ "$delay" = 0 ] || sleep "$delay"
while :; do
  clock
  if ready; then break; fi
  clock
  count=$((count + 1))
  if [ "$left" -le 0 ] || [ "$count" -gt "$timeout" ]; then pb_kv expired 1; break; fi
  if [ "$nap" -lt "$left" ]; then sleep "$nap"; else sleep "$left"; fi
done
clock
pb_kv elapsed "$elapsed"
exit 0
"""


@dataclass(frozen=True, slots=True)
class _Search:
    """How `search_regex` is looked for: `ere` is None when only Python can; `groups`: what matched is asked for."""

    ere: str | None
    groups: bool


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The loop that waits on the host; `delay` comes first."""
    del desk
    wrong = _wrong(call.args)
    if wrong:
        return failed(wrong, elapsed=0)
    if call.check:
        unknown = Unknown("wait_for does not wait in check mode")
        return skipped(
            "wait_for does not wait in check mode",
            **_shown(call.args, elapsed=0, groups=unknown, groupdict=unknown),
        )
    return _waiting(call.args, call.args["delay"], call.args["timeout"], "", 0)


def _wrong(args: Mapping[str, Any]) -> str:
    """What is wrong with the arguments, in Ansible's words; "" if nothing."""
    state, port, path = args["state"], args["port"], args["path"]
    if args["search_regex"] is not None:
        try:
            re.compile(args["search_regex"].encode("utf-8", "surrogateescape"), re.MULTILINE)
        except (re.error, RecursionError) as error:
            return f"Invalid regular expression: {error}"
    if port and path:
        return "port and path parameter can not both be passed to wait_for"
    if path and state in ("stopped", "drained"):
        return f"state={state} should only be used for checking a port in the wait_for module"
    if args["exclude_hosts"] is not None and state != "drained":
        return "exclude_hosts should only be with state=drained"
    for name in args["active_connection_states"]:
        if name not in ports.STATES:
            return f"unknown active_connection_state ({name}) defined"
    if port and not _HOST.fullmatch(args["host"]):
        return f"{args['host']!r} is not a host name or address"
    if (port and not 0 < port < 65536) or (state == "drained" and not port):
        return f"port must be a number from 1 to 65535, not {port}"
    return ""


def _waiting(args: Mapping[str, Any], delay_s: int, timeout_s: int, seen: str, spent_s: int) -> Fragment:
    """One trip's loop. `seen`: what the file or port was when it did not match; `spent_s`: by trips before."""
    search = _search(args["search_regex"])
    parts = [
        f"timeout={max(timeout_s, 0)} delay={max(delay_s, 0)} nap={max(args['sleep'], 1)}",
        f"connect={max(args['connect_timeout'], 1)} seen={quote(seen)} ere={quote(search.ere or '')}",
    ]
    if not args["port"] and not args["path"]:
        parts.append(f"sleep {max(timeout_s, 0) + max(delay_s, 0)}\npb_kv elapsed {timeout_s + delay_s}\nexit 0")
    else:
        parts += [_ready(args, search), _LOOP]
    return Fragment(
        probe="\n".join(parts), effect=Effect.READ, memo={"spent": spent_s}, last=args["search_regex"] is None
    )


def _search(pattern: str | None) -> _Search:
    if pattern is None:
        return _Search(None, False)
    return _Search(grep_pattern(pattern), re.compile(pattern).groups > 0)


def _ready(args: Mapping[str, Any], search: _Search) -> str:
    """Sh text that defines `ready`: 0 when what is waited for is so."""
    going = args["state"] in ("absent", "stopped")
    if args["path"]:
        there = f'p={path_word(args["path"])}\nthere() {{ [ -e "$p" ]; }}'
        if going:
            return f"{there}\nready() {{ ! there; }}"
        return f"{there}\n{_matching(search) if args['search_regex'] is not None else 'ready() { there; }'}"
    if args["state"] == "drained":
        exclude = args["exclude_hosts"] or ()
        return ports.draining(args["host"], args["port"], args["active_connection_states"], exclude)
    parts = [ports.place(args["host"], args["port"]), ports.CONNECT]
    if going:
        parts.append("ready() { ! open_port; }")
    elif args["search_regex"] is not None:
        parts += [ports.HEAR, f"there() {{ hear; }}\np=$said\n{_matching(search)}"]
    else:
        parts.append("ready() { open_port; }")
    return "\n".join(parts)


def _matching(search: _Search) -> str:
    """`ready` with a pattern on the file `$p`: grep decides, or a change since Python last looked does."""
    send = 'pb_blob content "$p"; pb_kv seen "$now"'
    if search.ere is not None:
        found = f'grep -Eqs -e "$ere" <"$p" || return 1; {"now=; " + send if search.groups else ":"}'
        return f'ready() {{ there && [ -f "$p" ] && [ -r "$p" ] || return 1; {found}; }}'
    return (
        'ready() {\n  there && [ -f "$p" ] && [ -r "$p" ] || return 1\n  pb_sum "$p"; pb_stat "$p"\n'
        f'  now=$pb_sum:$pb_size:$pb_mtime\n  [ "$now" != "$seen" ] || return 1\n  {send}\n}}'
    )


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What came of the waiting; with a pattern that only Python knows, perhaps more of it."""
    del desk
    broken = failure(reply)
    if broken:
        return broken
    args = call.args
    elapsed = fragment.memo["spent"] + int(value(reply, "elapsed", "0"))
    if "expired" in reply.values:
        return failed(args["msg"] or _expired(args), elapsed=elapsed)
    groups: list[Any] = []
    groupdict: dict[str, Any] = {}
    if "content" in reply.values:
        pattern = args["search_regex"].encode("utf-8", "surrogateescape")
        match = re.search(pattern, reply.values["content"], re.MULTILINE)
        left = args["timeout"] - elapsed
        if match is None and left <= 0:
            return failed(args["msg"] or _expired(args), elapsed=elapsed)
        if match is None:
            return _waiting(args, args["sleep"], left, value(reply, "seen"), elapsed)
        groups = [_decoded(part) for part in match.groups()]
        groupdict = {name: _decoded(part) for name, part in match.groupdict().items()}
    return ok(**_shown(args, elapsed=elapsed, groups=groups, groupdict=groupdict))


def _decoded(part: bytes | None) -> str | None:
    return None if part is None else part.decode("utf-8", "surrogateescape")


def _shown(args: Mapping[str, Any], *, elapsed: int, groups: Any, groupdict: Any) -> dict[str, Any]:
    """The result keys of Ansible's module."""
    return {
        "state": args["state"],
        "port": args["port"],
        "path": args["path"],
        "search_regex": args["search_regex"],
        "match_groups": groups,
        "match_groupdict": groupdict,
        "elapsed": elapsed,
    }


def _expired(args: Mapping[str, Any]) -> str:
    """Ansible's words for a wait that was in vain."""
    place = args["path"] or f"{args['host']}:{args['port']}"
    if args["state"] == "drained":
        return f"Timeout when waiting for {place} to drain"
    if args["state"] in ("absent", "stopped"):
        return f"Timeout when waiting for {place} to {'be absent' if args['path'] else 'stop'}."
    if args["search_regex"]:
        return f"Timeout when waiting for search string {args['search_regex']} in {place}"
    return f"Timeout when waiting for {'file ' if args['path'] else ''}{place}"
