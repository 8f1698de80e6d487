"""Real database servers for module cases, each started when the first case asks for it, in a folder of its own.

Nothing of the machine's own servers is touched: they listen on a socket in that folder alone.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs. `login`: the arguments with which modules reach it. `client` and `snapshot` are a command
    that takes SQL (of Docker: sh text) on stdin, and such that shows all that a module may change; `reset` empties the
    server. `programs`: where its clients are themselves, without a slow wrapper."""

    login: Mapping[str, Any]
    client: tuple[str, ...]
    snapshot: str
    reset: Callable[[Server], None]
    programs: str = "/usr/bin"

    def sql(self, text: str) -> str:
        """What the server answers to some statements, which must go well."""
        done = subprocess.run(self.client, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def state(self) -> str:
        """All that a module may change, as text."""
        return self.sql(self.snapshot)


def wait_until(ready: Callable[[], bool], timeout_s: float = 30) -> None:
    """Raises TimeoutError when it is not ready in time."""
    end = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError("the server did not start")
        time.sleep(0.05)


@contextmanager
def daemon(command: list[str], user: str, log: Path, *, kill: bool = False) -> Iterator[None]:
    """A server in the foreground of a process of its own, ended at the end; with `kill` at once."""
    with log.open("wb") as out:
        process = subprocess.Popen(as_user(command, user), stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        try:
            yield
        finally:
            (process.kill if kill else process.terminate)()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def as_user(command: list[str], user: str) -> list[str]:
    """The command as another user, when we are root (servers refuse to run as root)."""
    if os.geteuid() != 0:
        return command
    about = pwd.getpwnam(user)
    return ["setpriv", f"--reuid={about.pw_uid}", f"--regid={about.pw_gid}", "--clear-groups", *command]


def own(folder: Path, user: str) -> None:
    """Give a folder to the user a server runs as."""
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, user)


_POSTGRES_STATE = """
SELECT rolname, rolsuper, rolcreatedb, rolcanlogin, rolpassword, rolconnlimit, rolvaliduntil,
  shobj_description(oid, 'pg_authid') FROM pg_authid WHERE rolname !~ '^pg_' ORDER BY 1;
SELECT datname, pg_get_userbyid(datdba), encoding, datcollate, datconnlimit, datacl,
  shobj_description(oid, 'pg_database') FROM pg_database ORDER BY 1;
SELECT setrole::regrole, setconfig FROM pg_db_role_setting ORDER BY 1;
SELECT roleid::regrole, member::regrole, admin_option FROM pg_auth_members
  WHERE roleid::regrole::text !~ '^pg_' ORDER BY 1, 2;
SELECT extname, extversion, extnamespace::regnamespace FROM pg_extension ORDER BY 1;
SELECT relname, relacl FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1;
SELECT proname, proacl FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1;
SELECT nspname, nspacl FROM pg_namespace WHERE nspname !~ '^pg_temp' ORDER BY 1;
SELECT defaclrole::regrole, defaclnamespace, defaclobjtype, defaclacl FROM pg_default_acl ORDER BY 1, 2, 3;
"""
_POSTGRES_RESET = r"""
SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database
  WHERE NOT datistemplate AND datname <> 'postgres' \gexec
SELECT format('DROP EXTENSION IF EXISTS %I CASCADE', extname) FROM pg_extension WHERE extname <> 'plpgsql' \gexec
SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' \gexec
CREATE SCHEMA public;
SELECT format('DROP OWNED BY %I CASCADE', rolname) FROM pg_roles
  WHERE rolname !~ '^pg_' AND rolname <> 'postgres' \gexec
SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres' \gexec
"""


@contextmanager
def postgresql(folder: Path) -> Iterator[Server]:
    """A PostgreSQL that syncs nothing to disk."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    place = folder / "postgresql"
    own(place, "postgres")
    data = place / "data"
    make = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
    subprocess.run(as_user([*make, "--no-sync"], "postgres"), check=True, capture_output=True)
    settings = {"listen_addresses": "", "unix_socket_directories": place, "fsync": "off", "full_page_writes": "off"}
    command = [str(programs / "postgres"), "-D", str(data), "-p", "5999"]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    client = (
        str(programs / "psql"),
        "-XqAtw",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        str(place),
        "-p",
        "5999",
        "-U",
        "postgres",
        "postgres",
    )
    login = {"login_unix_socket": str(place), "login_port": 5999}
    with daemon(command, "postgres", place / "log"):
        asked = [str(programs / "pg_isready"), "-q", "-h", str(place), "-p", "5999"]
        wait_until(lambda: subprocess.run(asked, check=False).returncode == 0)
        yield Server(
            login, client, _POSTGRES_STATE, lambda server: (server.sql(_POSTGRES_RESET), None)[1], str(programs)
        )


_MARIADB_STATE = """
SELECT host, user, priv FROM mysql.global_priv ORDER BY 1, 2;
SELECT * FROM mysql.db ORDER BY host, db, user;
SELECT host, db, user, table_name, grantor, table_priv, column_priv FROM mysql.tables_priv ORDER BY 1, 2, 3, 4;
SELECT host, db, user, table_name, column_name, column_priv FROM mysql.columns_priv ORDER BY 1, 2, 3, 4, 5;
SELECT host, db, user, routine_name, proc_priv FROM mysql.procs_priv ORDER BY 1, 2, 3, 4;
SELECT * FROM information_schema.schemata ORDER BY schema_name;
SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = 'acme' ORDER BY 2;
"""
_MARIADB_RESET = """
SELECT CONCAT('DROP DATABASE `', REPLACE(schema_name, '`', '``'), '`;') FROM information_schema.schemata
  WHERE schema_name NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema');
SELECT CONCAT('DROP USER ', QUOTE(user), '@', QUOTE(host), ';') FROM mysql.global_priv
  WHERE user NOT IN ('root', 'mariadb.sys');
"""


@contextmanager
def mariadb(folder: Path) -> Iterator[Server]:
    """A MariaDB that syncs nothing to disk."""
    place = folder / "mariadb"
    own(place, "mysql")
    socket, data = place / "socket", place / "data"
    make = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
    subprocess.run(as_user([*make, "--skip-test-db"], "mysql"), check=True, capture_output=True)
    daemon_path = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin") or "mariadbd"
    command = [daemon_path, "--no-defaults", f"--datadir={data}", f"--socket={socket}", "--skip-networking"]
    command += [f"--pid-file={place / 'pid'}", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M"]
    client = ("mariadb", "--no-defaults", f"--socket={socket}", "-u", "root", "-BN", "--raw")
    login = {"login_unix_socket": str(socket), "login_user": "root", "config_file": str(place / "no.cnf")}
    with daemon(command, "mysql", place / "log"):
        asked = ["mariadb-admin", "--no-defaults", f"--socket={socket}", "-u", "root", "ping"]
        wait_until(lambda: subprocess.run(asked, check=False, capture_output=True).returncode == 0)
        yield Server(login, client, _MARIADB_STATE, lambda server: (server.sql(server.sql(_MARIADB_RESET)), None)[1])


_DOCKER_STATE = """
docker ps -aq --no-trunc | sort | xargs -r docker inspect --format '{{.Name}} {{.State.Status}} {{.State.StartedAt}}
  {{json .Config}} {{json .HostConfig}} {{json .NetworkSettings.Networks}}'
docker network ls -q --no-trunc | sort
docker volume ls -q | sort
docker image ls --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort
"""
_DOCKER_RESET = """
docker ps -aq | xargs -r docker rm -fv >/dev/null
docker network ls -q --filter type=custom | xargs -r docker network rm >/dev/null
docker volume ls -q | xargs -r docker volume rm >/dev/null
docker image ls --format '{{.Repository}}:{{.Tag}}' | grep -v '^acme:[12]$' | xargs -r docker rmi -f >/dev/null
"""


def _image(folder: Path) -> Path:
    """What images are made of: busybox, and the libraries it needs."""
    root = folder / "image"
    for name in ("bin", "tmp"):
        (root / name).mkdir(parents=True)
    busybox = shutil.which("busybox") or "busybox"
    listed = subprocess.run(["ldd", busybox], capture_output=True, text=True, check=False).stdout
    for file in (busybox, *(word for word in listed.split() if word.startswith("/"))):
        target = root / ("bin/busybox" if file == busybox else file.lstrip("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    for name in ("cat", "echo", "env", "false", "sh", "sleep", "test", "true"):
        (root / "bin" / name).symlink_to("busybox")
    return root


@contextmanager
def docker(folder: Path) -> Iterator[Server]:
    """A Docker in namespaces of its own, so that nothing of it stays, with the images acme:1 and acme:2."""
    place = folder / "docker"
    place.mkdir()
    where = f"unix://{place}/socket"
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command += ["sh", "-c", 'busybox ip link set lo up; exec dockerd "$@"', "sh"]
    command += [f"--host={where}", f"--data-root={place}/data", f"--exec-root={place}/exec", f"--pidfile={place}/pid"]
    command += ["--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"]
    client = ("env", f"DOCKER_HOST={where}", "sh", "-e")
    with daemon(command, "root", place / "log", kill=True):
        server = Server({"docker_host": where}, client, _DOCKER_STATE, lambda it: (it.sql(_DOCKER_RESET), None)[1])
        wait_until(
            lambda: subprocess.run([*client, "-c", "docker info"], check=False, capture_output=True).returncode == 0
        )
        root = _image(place)
        # Its first process, sleep, heeds no other signal than KILL.
        server.sql(f"tar -C {root} -c . | docker import - plain")
        for number in (1, 2):
            server.sql(f"docker create --name made --stop-signal KILL -e A={number} plain sleep 100{number}")
            server.sql(f"docker commit made acme:{number}; docker rm made")
        yield server
        server.reset(server)


KINDS: Mapping[str, Callable[[Path], Any]] = {"docker": docker, "mariadb": mariadb, "postgresql": postgresql}
