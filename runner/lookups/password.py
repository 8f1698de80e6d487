"""Lookup `password`: a random password that is kept in a file on the controller and read from there ever after.

Rules: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/password_lookup.html
"""

from __future__ import annotations

import random
import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from runner.arguments import Option
from runner.errors import StepError
from runner.lookups._options import inline, read_options, texts
from runner.lookups._password_file import Kept, keep, read_kept
from runner.model.names import Names
from runner.model.ports import LookupContext
from runner.model.quick import dataclass

OPTIONS: Final = {
    "length": Option("int", default=20),
    "chars": Option("list", default=["ascii_letters", "digits", ".,:-_"]),
    "encrypt": Option(),
    "ident": Option(),
    "seed": Option("raw"),
}


@dataclass(frozen=True, slots=True)
class _Hash:
    """A crypt(3) method: passlib's name of it, and the salt size, rounds and ident that Ansible uses."""

    name: str
    salt_size: int
    rounds: int | None = None
    ident: str | None = None


_HASHES: Final[Mapping[str, _Hash]] = {
    "md5_crypt": _Hash("md5_crypt", 8),
    "bcrypt": _Hash("bcrypt", 22, 12, "2b"),
    "sha256_crypt": _Hash("sha256_crypt", 16, 535000),
    "sha512_crypt": _Hash("sha512_crypt", 16, 656000),
}
_SALT_LETTERS: Final = string.ascii_letters + string.digits + "./"


def run(terms: list[Any], _variables: Names, options: Mapping[str, Any], context: LookupContext) -> list[Any]:
    """The password of each file, made and written (0600) if there is none; `/dev/null` keeps nothing.

    A term may carry options: `credentials/db length=15 chars=digits`. With `encrypt` the result is a hash whose salt
    is kept, too, so that it stays the same. Raises StepError.
    """
    return [_password(term, options, context) for term in texts(terms)]


def _password(term: str, options: Mapping[str, Any], context: LookupContext) -> str:
    name, given = inline(term, tuple(OPTIONS)) if " " in term else (term, {})
    wanted = read_options(OPTIONS, {**options, **given, "chars": _chars({**options, **given})})
    path = Path(context.playbook_dir, Path(name).expanduser())
    lasting = str(path) != "/dev/null"
    kept = read_kept(path) if lasting else None
    if kept is None:
        made = _completed(Kept(_random(wanted)), wanted)
        return _result(keep(path, made) if lasting else made, wanted)
    full = _completed(kept, wanted)
    if lasting and full != kept:
        full = keep(path, full, instead_of=kept)
    return _result(full, wanted)


def _chars(given: Mapping[str, Any]) -> list[str]:
    """`ascii_letters,digits` as a list; `,,` stands for the comma itself."""
    chars = given.get("chars", OPTIONS["chars"].default)
    if not isinstance(chars, str):
        return [str(one) for one in chars]
    return ([","] if ",," in chars else []) + [one for one in chars.replace(",,", ",").split(",") if one]


def _random(wanted: Mapping[str, Any]) -> str:
    sets = {name: value for name, value in vars(string).items() if isinstance(value, str) and not name.startswith("_")}
    letters = "".join(sets.get(one, one) for one in wanted["chars"]).replace('"', "").replace("'", "")
    if not letters or wanted["length"] < 1:
        raise StepError("password needs a length of at least 1 and characters to choose from")
    if wanted["seed"] is not None:
        # A seed is asked for when the same password has to come out again; it is no secret then.
        chosen = random.Random(wanted["seed"])
        return "".join(chosen.choice(letters) for _ in range(wanted["length"]))
    return "".join(secrets.choice(letters) for _ in range(wanted["length"]))


def _completed(kept: Kept, wanted: Mapping[str, Any]) -> Kept:
    """With the salt and the ident that hashing needs, new ones where there are none."""
    if not wanted["encrypt"]:
        return kept
    method = _method(wanted["encrypt"])
    ident = kept.ident or wanted["ident"] or method.ident
    if wanted["ident"] and ident != wanted["ident"]:
        raise StepError(f"the ident {wanted['ident']!r} is not the one that is kept ({kept.ident!r})")
    salt = kept.salt or "".join(secrets.choice(_SALT_LETTERS) for _ in range(method.salt_size))
    return replace(kept, salt=salt, ident=ident)


def _method(encrypt: str) -> _Hash:
    name = {"blowfish": "bcrypt"}.get(encrypt, encrypt)
    found = _HASHES.get(name) or _HASHES.get(f"{name}_crypt")
    if found is None:
        raise StepError(f"password cannot encrypt with {encrypt!r} (there are {', '.join(_HASHES)})")
    return found


def _result(kept: Kept, wanted: Mapping[str, Any]) -> str:
    if not wanted["encrypt"]:
        return kept.password
    method = _method(wanted["encrypt"])
    try:
        import passlib.hash
    except ImportError:
        raise StepError("encrypt needs the Python package passlib here: pip install 'pbrun[filters]'") from None
    settings: dict[str, Any] = {"salt": kept.salt}
    if method.name == "bcrypt":
        # The last of 22 letters holds two bits only; passlib warns of others.
        settings["salt"] = re.sub(r"[^.Oeu]$", ".", kept.salt or "")
        settings["ident"] = kept.ident
    if method.rounds is not None:
        settings["rounds"] = method.rounds
    try:
        return str(getattr(passlib.hash, method.name).using(**settings).hash(kept.password))
    except (ValueError, TypeError, RuntimeError) as error:
        raise StepError(f"password cannot encrypt with {method.name}: {error}") from None
