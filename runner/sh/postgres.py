"""PostgreSQL through the host's psql: how a session is opened, words of SQL, and what psql answered, read.

SQL travels as text of the step into psql's stdin, a password in a private file: neither is in an argument or in the
environment. Words of SQL: https://www.postgresql.org/docs/current/sql-syntax-lexical.html; connection strings:
https://www.postgresql.org/docs/current/libpq-connect.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from runner.arguments import Option
from runner.errors import StepError
from runner.model.call import Outcome, Reply, failed
from runner.sh.encode import printf_word
from runner.sh.quote import quote
from runner.sh.verdict import failure, text

LOGIN_OPTIONS: Final[Mapping[str, Option]] = {
    "login_user": Option(default="postgres", aliases=("login",), doc="The role to connect as."),
    "login_password": Option(default="", secret=True, doc="Its password."),
    "login_host": Option(default="", aliases=("host",), doc="The server, as the target sees it; empty: its socket."),
    "login_unix_socket": Option(default="", aliases=("unix_socket",), doc="The folder of the server's socket."),
    "login_port": Option("int", default=5432, aliases=("port",), doc="The server's port."),
    "ssl_mode": Option(
        default="prefer",
        choices=("allow", "disable", "prefer", "require", "verify-ca", "verify-full"),
        doc="How TLS is agreed on.",
    ),
    "ca_cert": Option(aliases=("ssl_rootcert",), doc="A file of certificates that sign the server's."),
    "ssl_cert": Option("path", doc="A file with the client's certificate."),
    "ssl_key": Option("path", doc="A file with the client's key."),
    "connect_params": Option("dict", default={}, doc="Further parameters of the connection."),
    "session_role": Option(doc="The role to act as once connected."),
    "trust_input": Option("bool", default=True, doc="No matter here: all values are quoted."),
}

_PARAMETER: Final = re.compile(r"[a-z_]+")
_COMPLAINT: Final = re.compile(r"(?:ERROR|FATAL|PANIC):\s+(.*)")
_MORE: Final = re.compile(r"(?m)^(?:DETAIL|HINT):.*")


def identifier(name: str) -> str:
    """A name as SQL writes it, whatever is in it. Raises StepError for what no name can hold."""
    if not name or "\0" in name:
        raise StepError("a name in the database is empty or holds a NUL byte")
    return '"' + name.replace('"', '""') + '"'


def identifiers(names: Sequence[str]) -> str:
    """Several, with commas."""
    return ",".join(identifier(name) for name in names)


def literal(value: str) -> str:
    """A text as SQL writes it; the same under any setting of standard_conforming_strings."""
    if "\0" in value:
        raise StepError("a text for the database holds a NUL byte")
    doubled = value.replace("'", "''")
    return "E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in value else f"'{doubled}'"


def array(values: Sequence[str]) -> str:
    """An array of texts."""
    return f"ARRAY[{','.join(literal(value) for value in values)}]::text[]"


def login(args: Mapping[str, Any], database: str) -> str:
    """Shell text that defines `sql [OPTION…]` (SQL on stdin), and `$pg_to`, the connection without its database.

    A step that has nothing but a password of its own gets a private file for it, which `pg_end` removes."""
    given = {str(name): str(value) for name, value in args["connect_params"].items()}
    password = given.pop("password", "") or args["login_password"] or ""
    local = args["login_host"] in ("", None, "localhost")
    wanted = {
        "host": (args["login_unix_socket"] if local else "") or args["login_host"],
        "port": str(args["login_port"]),
        "user": args["login_user"],
        "sslmode": args["ssl_mode"],
        "sslrootcert": args["ca_cert"],
        "sslcert": args["ssl_cert"],
        "sslkey": args["ssl_key"],
        **given,
    }
    for name in wanted:
        if not _PARAMETER.fullmatch(name):
            raise StepError(f"connect_params: {name!r} is no parameter of a connection")
    to = " ".join(f"{name}={_parameter(value)}" for name, value in wanted.items() if value)
    role = f"printf {printf_word(_role(args))}; " if args["session_role"] else ""
    feed = f"{{ {role}cat; }} | " if role else ""
    return "\n".join(
        (
            'pb_have psql || pb_fail "psql is not on this host: install PostgreSQL\'s client (postgresql-client)"',
            "export PGCLIENTENCODING=UTF8",
            *_password(password),
            f"pg_to={quote(to)}",
            'pg_end() { [ -z "$pg_pass" ] || rm -f "$pg_pass"; }',
            f'sql() {{ {feed}psql -XqAtw -v ON_ERROR_STOP=1 "$@" -f - -d "$pg_to"{quote(_database(database))}; }}',
        )
    )


def _role(args: Mapping[str, Any]) -> bytes:
    return f"SET ROLE {identifier(args['session_role'])};\n".encode("utf-8", "surrogateescape")


def _database(name: str) -> str:
    return f" dbname={_parameter(name)}" if name else ""


def _parameter(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _password(password: str) -> tuple[str, ...]:
    """https://www.postgresql.org/docs/current/libpq-pgpass.html"""
    if not password:
        return ("pg_pass=",)
    if "\n" in password or "\0" in password:
        raise StepError("login_password holds a line break or a NUL byte, which psql cannot be given")
    line = "*:*:*:*:" + password.replace("\\", "\\\\").replace(":", "\\:") + "\n"
    word = printf_word(line.encode("utf-8", "surrogateescape"))
    return (
        "pg_pass=$pb_dir/pgpass.$pb_index",
        f'(umask 077; printf {word} >"$pg_pass") || pb_fail "cannot write $pg_pass"',
        "export PGPASSFILE=$pg_pass",
    )


def run(statements: Sequence[str], *options: str) -> str:
    """Shell text that runs statements with `sql`, and ends the step when the server refuses one."""
    whole = "".join(f"{statement.rstrip(';')};\n" for statement in statements)
    words = " ".join(options)
    return (
        f"printf {printf_word(whole.encode('utf-8', 'surrogateescape'))} | sql {words}\n"
        "pg_rc=$?\n[ $pg_rc = 0 ] || { pg_end; exit $pg_rc; }"
    )


def query(select: str) -> str:
    """Shell text that prints each row of a SELECT as JSON."""
    return run([f"SELECT row_to_json(pb_row) FROM ({select}) pb_row"])


def rows(reply: Reply) -> list[Any]:
    """What queries printed: one value of JSON on each line."""
    return [json.loads(line) for line in text(reply.stdout).split("\n") if line.strip()]


def refused(reply: Reply, what: str = "") -> Outcome | None:
    """The failed outcome when psql could not connect, or the server refused something; None if all went well.

    Only the server's own words are shown: the lines it quotes may hold a password."""
    problem = failure(reply)
    if problem is None or reply.timed_out or "msg" in reply.values:
        return problem
    said = text(reply.stderr)
    if "psql: error:" in said or "could not connect" in said:
        cause = said[said.find("error: ") + 7 :].strip()
        return failed(f"unable to connect to database: {cause}", rc=reply.rc)
    found = _COMPLAINT.search(said)
    if not found:
        return problem
    return failed("\n".join([what + found[1], *_MORE.findall(said)]), rc=reply.rc)
