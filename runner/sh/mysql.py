"""MySQL and MariaDB through the host's client: how a session is opened, words of SQL, and its answers, read.

How to log in is in a private option file, SQL travels as text of the step into the client's stdin: neither is in an
argument or in the environment. https://mariadb.com/kb/en/configuring-mariadb-with-option-files/,
https://mariadb.com/kb/en/string-literals/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from runner.arguments import Option
from runner.errors import StepError
from runner.model.call import Outcome, Reply, failed
from runner.sh.encode import printf_word
from runner.sh.quote import path as path_word
from runner.sh.verdict import failure, text

LOGIN_OPTIONS: Final[Mapping[str, Option]] = {
    "login_user": Option(doc="The user to connect as."),
    "login_password": Option(secret=True, doc="Its password."),
    "login_host": Option(default="localhost", doc="The server, as the target sees it; localhost: its socket."),
    "login_port": Option("int", default=3306, doc="The server's port."),
    "login_unix_socket": Option(doc="The server's socket."),
    "config_file": Option("path", default="~/.my.cnf", doc="An option file to read first."),
    "config_overrides_defaults": Option("bool", default=False, doc="Take host and port from there if not given."),
    "connect_timeout": Option("int", default=30, doc="Seconds to wait for the server."),
    "client_cert": Option("path", aliases=("ssl_cert",), doc="A file with the client's certificate."),
    "client_key": Option("path", aliases=("ssl_key",), doc="A file with the client's key."),
    "ca_cert": Option("path", aliases=("ssl_ca",), doc="A file of certificates that sign the server's."),
    "check_hostname": Option("bool", doc="Whether the server's certificate must name its host."),
    "check_implicit_admin": Option("bool", default=False, doc="First try root without a password."),
    "sql_log_bin": Option("bool", default=True, doc="Whether changes go to the server's binary log."),
}

# Texts and names mean the same whatever the server's own mode is.
_START: Final = "SET SESSION sql_mode=REPLACE(REPLACE(@@sql_mode,'NO_BACKSLASH_ESCAPES',''),'ANSI_QUOTES','');\n"
_ESCAPES: Final = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z"}
_UNESCAPED: Final = {"n": "\n", "t": "\t", "0": "\0", "\\": "\\"}
_COMPLAINT: Final = re.compile(r"ERROR (\d+) \([^)]*\)(?: at line \d+)?: (.*)")
# Where the client says that it did not get in.
_CONNECTION: Final = frozenset(("1044", "1045", "1049", "1130", "1698", *(str(code) for code in range(2000, 2100))))


def identifier(name: str) -> str:
    """A name as SQL writes it, whatever is in it. Raises StepError for what no name can hold."""
    if not name or "\0" in name:
        raise StepError("a name in the database is empty or holds a NUL byte")
    return "`" + name.replace("`", "``") + "`"


def literal(value: str) -> str:
    """A text as SQL writes it."""
    if "\0" in value:
        raise StepError("a text for the database holds a NUL byte")
    return "'" + "".join(_ESCAPES.get(letter, letter) for letter in value) + "'"


def account(user: str, host: str) -> str:
    """A user as statements name one."""
    return f"{literal(user)}@{literal(host)}"


def _settings(args: Mapping[str, Any], given: frozenset[str], user: str | None, password: str | None) -> bytes:
    """The option file's own part."""
    asked = not args["config_overrides_defaults"]
    wanted = {
        "user": user,
        "password": password,
        "host": args["login_host"] if asked or "login_host" in given else None,
        "port": str(args["login_port"]) if asked or "login_port" in given else None,
        "socket": args["login_unix_socket"],
        "ssl-cert": args["client_cert"],
        "ssl-key": args["client_key"],
        "ssl-ca": args["ca_cert"],
    }
    lines = ["[client]", *(f"{name}={_quoted(value)}" for name, value in wanted.items() if value is not None)]
    if args["check_hostname"] is not None:
        lines.append(f"ssl-verify-server-cert={int(args['check_hostname'])}")
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _quoted(value: str) -> str:
    if "\0" in value:
        raise StepError("an argument holds a NUL byte, which no option file can carry")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return '"' + escaped.replace("\t", "\\t") + '"'


def login(args: Mapping[str, Any], given: frozenset[str]) -> str:
    """Shell text that defines `sql [OPTION…]` (SQL on stdin), `$my_file`, the private option file, and `my_end`, which
    removes it."""
    own = printf_word(_settings(args, given, args["login_user"], args["login_password"]))
    implicit = printf_word(_settings(args, given, "root", ""))
    choose = (
        f'printf {implicit} >"$my_file"\n'
        f'[ -n "$(echo "SELECT 1" | $my_client --defaults-file="$my_file" -BN 2>/dev/null)" ] || my_write {own}'
    )
    return "\n".join(
        (
            "my_client=mariadb\npb_have mariadb || my_client=mysql",
            'pb_have "$my_client" || pb_fail "mysql is not on this host: install a client (default-mysql-client)"',
            f"my_config={path_word(args['config_file'])}" if args["config_file"] else "my_config=",
            'case $my_config in *"$pb_nl"*) pb_fail "config_file: a path with a line break" ;; esac',
            "my_file=$pb_dir/my.$pb_index.cnf\numask 077",
            "my_write() {",
            '  { [ ! -r "$my_config" ] || printf "!include %s\\n" "$my_config"; printf "$1"; } >"$my_file"',
            "}",
            choose if args["check_implicit_admin"] else f"my_write {own}",
            'umask "$pb_umask"\nmy_end() { rm -f "$my_file"; }',
            'sql() { "$my_client" --defaults-file="$my_file" --default-character-set=utf8mb4 '
            f'--connect-timeout={args["connect_timeout"]} -ABN "$@"; }}',
        )
    )


def run(statements: Sequence[str], args: Mapping[str, Any], *options: str) -> str:
    """Shell text that runs statements with `sql`, and ends the step when the server refuses one."""
    log = "" if args["sql_log_bin"] else "SET SQL_LOG_BIN=0;\n"
    whole = _START + log + "".join(f"{statement};\n" for statement in statements)
    words = " ".join(options)
    return (
        f"printf {printf_word(whole.encode('utf-8', 'surrogateescape'))} | sql {words}\n"
        "my_rc=$?\n[ $my_rc = 0 ] || { my_end; exit $my_rc; }"
    )


def rows(reply: Reply) -> list[list[str]]:
    """What queries printed: fields without the escapes of the client's batch mode."""
    return [[_plain(field) for field in line.split("\t")] for line in text(reply.stdout).splitlines()]


def _plain(field: str) -> str:
    return re.sub(r"\\(.)", lambda found: _UNESCAPED.get(found[1], found[0]), field)


def refused(reply: Reply, what: str = "") -> Outcome | None:
    """The failed outcome when the client could not connect, or the server refused something; None if all went well."""
    problem = failure(reply)
    if problem is None or reply.timed_out or "msg" in reply.values:
        return problem
    found = _COMPLAINT.search(text(reply.stderr))
    if not found:
        return problem
    if found[1] in _CONNECTION:
        return failed(f"unable to connect to database: {found[2]}", rc=reply.rc)
    # A syntax error quotes the statement, and with it perhaps what is secret.
    said = found[2].partition(" near '")[0] if found[1] == "1064" else found[2]
    return failed(what + said, rc=reply.rc)
