"""Text that would break out of a quotation, given to every argument of the modules that speak to real servers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from runner.model.call import Call, Fragment
from tests.modules.harness import FolderDesk
from tests.modules.servers import Server
from tests.modules.test_every_module import base, made, pwned, rounds, spec_of

HOSTILE = (
    "x'); CREATE USER pwned; --\n\\! touch PWNED\n",
    'x"; CREATE USER pwned; --\n\\! touch PWNED\nsystem touch PWNED\n$(touch PWNED)',
    "x\\'; CREATE USER pwned; -- \\",
    "x`; CREATE USER pwned; -- :'x' $$ `touch PWNED`\u00e4 %s %(password)s {{ 7 * 7 }}",
    "x; CREATE USER pwned; --",
)

MODULES: Mapping[str, tuple[str, tuple[Mapping[str, Any], ...]]] = {
    "mysql_db": ("mariadb", ({}, {"state": "dump", "target": "d"})),
    "mysql_user": ("mariadb", ({"priv": "x.*:SELECT", "host": "%"}, {"state": "absent"})),
    "postgresql_db": ("postgresql", ({"state": "absent"}, {"state": "dump"})),
    "postgresql_ext": ("postgresql", ({"login_db": "postgres"},)),
    "postgresql_user": ("postgresql", ({"login_db": "postgres", "password": "x"}, {"state": "absent"})),
    "postgresql_privs": ("postgresql", ({"login_db": "postgres", "type": "database", "privs": "CREATE"},)),
}
SIGNS: Mapping[str, str] = {
    "mariadb": "SELECT COUNT(*) FROM mysql.global_priv WHERE user = 'pwned'",
    "postgresql": "SELECT count(*) FROM pg_roles WHERE rolname = 'pwned'",
}


def steps(name: str, server: Server, desk: FolderDesk) -> Iterable[tuple[Call, Fragment]]:
    """The steps of a module with each hostile text in each argument, and in what it is about."""
    for more in MODULES[name][1]:
        start = {**base(name), **server.login, **more}
        for option, about in spec_of(name).options.items():
            if about.choices or about.kind not in ("str", "path", "raw") or option in server.login:
                continue
            for text in HOSTILE:
                found = made(name, {**start, option: text}, desk)
                if found is not None and isinstance(found[1], Fragment):
                    yield found[0], found[1]


@pytest.mark.parametrize("name", MODULES)
def test_no_argument_reaches_the_server_as_code(
    name: str, home: Path, servers: Callable[[str], Server], tmp_path: Path
) -> None:
    kind = MODULES[name][0]
    server = servers(kind)
    server.reset(server)
    desk = FolderDesk(folder=tmp_path)
    rounds(list(steps(name, server, desk)), desk, "dash", home, None, programs=server.programs)
    assert not pwned(home, None)
    assert server.sql(SIGNS[kind]).strip() == "0"
