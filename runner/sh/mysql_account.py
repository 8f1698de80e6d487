"""What has to be said to MySQL or MariaDB so that an account is as wanted: its password, plug-in, limits and the rest.

https://mariadb.com/kb/en/create-user/, https://dev.mysql.com/doc/refman/8.4/en/alter-user.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from runner.errors import StepError
from runner.model.quick import dataclass
from runner.sh import mysql_grants
from runner.sh.mysql import account, literal
from runner.sh.mysql_grants import Grants

LIMITS: Final = ("MAX_QUERIES_PER_HOUR", "MAX_UPDATES_PER_HOUR", "MAX_CONNECTIONS_PER_HOUR", "MAX_USER_CONNECTIONS")
_HASH: Final = re.compile(r"\*[0-9A-Fa-f]{40}")
_NEED: Final = r"(CIPHER|ISSUER|SUBJECT) '((?:[^'\\]|\\.|'')*)'"
_REQUIRE: Final = re.compile(rf" REQUIRE (SSL|X509|(?:{_NEED.replace('(', '(?:', 1)} ?(?:AND )?)+)", re.DOTALL)
_BY_PASSWORD: Final = re.compile(r"IDENTIFIED BY PASSWORD '(\*[0-9A-F]{40})'")
_PLUGIN: Final = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the server tells of it."""

    host: str
    plugin: str
    verifier: str
    limits: tuple[int, ...]
    created: str
    grants: Grants

    @property
    def locked(self) -> bool:
        """Whether nobody can log in to it."""
        return " ACCOUNT LOCK" in self.created

    @property
    def requires(self) -> str:
        """Its REQUIRE clause, in the one way it is written here."""
        told = _REQUIRE.search(self.created)
        if not told or told[1] in ("SSL", "X509"):
            return told[1] if told else ""
        return _requires({name: _plain(value) for name, value in re.findall(_NEED, told[1], re.DOTALL)})


def _plain(text: str) -> str:
    return re.sub(r"\\(.)|''", lambda found: found[1] or "'", text, flags=re.DOTALL)


def verifier(password: str, *, encrypted: bool) -> str:
    """The hash of mysql_native_password. Raises StepError when it is said to be one and is none."""
    if encrypted:
        if not _HASH.fullmatch(password):
            raise StepError(
                "encrypted was specified however it does not appear to be a valid hash expecting: "
                "*SHA1(SHA1(your_password))"
            )
        return password.upper()
    once = hashlib.sha1(password.encode("utf-8", "surrogateescape"), usedforsecurity=False).digest()
    return "*" + hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()


def requires(given: Mapping[str, Any] | None) -> str:
    """The REQUIRE clause that a task asks for; "" for none. Raises StepError for a word that is none."""
    words = {str(name).upper(): value for name, value in (given or {}).items()}
    if not words:
        return ""
    if set(words) - {"SSL", "X509", "CIPHER", "ISSUER", "SUBJECT"}:
        raise StepError(f"tls_requires: unknown {', '.join(set(words))} (SSL, X509, CIPHER, ISSUER, SUBJECT)")
    told = {name: str(value) for name, value in words.items() if name in ("CIPHER", "ISSUER", "SUBJECT")}
    return _requires(told) if told else "X509" if "X509" in words else "SSL"


def _requires(words: Mapping[str, str]) -> str:
    return " AND ".join(f"{name} {literal(words[name])}" for name in sorted(words))


def limits(given: Mapping[str, Any] | None) -> dict[str, int]:
    """Resource limits that a task asks for. Raises StepError for one that is none."""
    found = {}
    for name, value in (given or {}).items():
        if str(name).upper() not in LIMITS:
            raise StepError(f"resource_limits: unknown {name} ({', '.join(LIMITS)})")
        try:
            found[str(name).upper()] = int(value)
        except (TypeError, ValueError):
            raise StepError(f"resource_limits: {name} is no whole number: {value!r}") from None
    return found


def identified(args: Mapping[str, Any]) -> str:
    """The IDENTIFIED clause that a task asks for, or ""."""
    if args["password"]:
        hashed = literal(verifier(args["password"], encrypted=args["encrypted"]))
        return f" IDENTIFIED WITH mysql_native_password AS {hashed}"
    if not args["plugin"]:
        return ""
    if not _PLUGIN.fullmatch(args["plugin"]):
        raise StepError(f"plugin {args['plugin']!r} is no name of one")
    start = f" IDENTIFIED WITH {args['plugin']}"
    if args["plugin_hash_string"]:
        return f"{start} AS {literal(args['plugin_hash_string'])}"
    if args["plugin_auth_string"]:
        return f"{start} {'USING' if args['plugin'] == 'pam' else 'BY'} {literal(args['plugin_auth_string'])}"
    return start


def tail(args: Mapping[str, Any]) -> str:
    """What stands behind it in CREATE USER."""
    needed, most = requires(args["tls_requires"]), limits(args["resource_limits"])
    words = [f"REQUIRE {needed}"] if needed else []
    words += ["WITH", *(f"{name} {value}" for name, value in most.items())] if most else []
    words += ["ACCOUNT LOCK"] if args["locked"] else []
    return "".join(f" {word}" for word in words)


def created(args: Mapping[str, Any], reuse: str) -> list[str]:
    """The statements for a new account. `reuse`: an IDENTIFIED clause in place of the task's."""
    who = account(args["name"], args["host"])
    statements = [f"CREATE USER {who}{reuse or identified(args)}{tail(args)}"]
    asked = mysql_grants.wanted(args["priv"], fold=not args["column_case_sensitive"])
    if asked is not None and not args["subtract_privs"]:
        statements += mysql_grants.changes(args["name"], args["host"], {}, asked, "append").statements
    return statements


def altered(args: Mapping[str, Any], there: Account) -> tuple[list[str], str, bool]:
    """The statements for one that is there, the result's message ("" if nothing changes), and whether its password
    changes."""
    alter = f"ALTER USER {account(args['name'], there.host)}"
    statements, msg = [], ""
    secret = args["update_password"] == "always" and _authentication_differs(args, there)
    if secret:
        statements.append(f"{alter}{identified(args)}")
        msg = "Password updated (new style)" if args["password"] else "Plugin updated"
    asked = mysql_grants.wanted(args["priv"], fold=not args["column_case_sensitive"])
    if asked is not None:
        mode = "append" if args["append_privs"] else "subtract" if args["subtract_privs"] else "replace"
        rights = mysql_grants.changes(args["name"], there.host, there.grants, asked, mode)
        statements += rights.statements
        msg = rights.msg or msg
    needed = requires(args["tls_requires"])
    if needed != there.requires:
        statements.append(f"{alter} REQUIRE {needed or 'NONE'}")
        msg = "TLS requires updated"
    most = limits(args["resource_limits"])
    now = dict(zip(LIMITS, there.limits, strict=True))
    if any(now[name] != value for name, value in most.items()):
        statements.append(f"{alter} WITH {' '.join(f'{name} {value}' for name, value in most.items())}")
        msg = "Resource limits updated"
    if args["locked"] is not None and args["locked"] != there.locked:
        statements.append(f"{alter} ACCOUNT {'LOCK' if args['locked'] else 'UNLOCK'}")
        msg = f"User {'locked' if args['locked'] else 'unlocked'}"
    return statements, msg, secret


def _authentication_differs(args: Mapping[str, Any], there: Account) -> bool:
    if args["password"]:
        stored = there.verifier
        if not stored and (old := _BY_PASSWORD.search(there.created)):
            stored = old[1]
        return stored != verifier(args["password"], encrypted=args["encrypted"])
    if not args["plugin"]:
        return False
    wanted = args["plugin_hash_string"] or args["plugin_auth_string"]
    return there.plugin != args["plugin"] or bool(wanted and there.verifier != wanted)
