"""A Dask cluster for a run: one that is there already, or worker processes of our own on this machine.

Whoever can speak to a Dask scheduler can run programs on its workers, and reads what they are sent; so there is no way
without TLS (https://distributed.dask.org/en/stable/tls.html), not even on this machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from typing import Any, Final

from runner.errors import EnvironmentFault
from runner.model.quick import dataclass

SILENT: Final = 60  # above every level of `logging`
# Dask's loggers write to stderr by themselves, where the run is shown; what matters of it is told as notices.
_QUIET: Final = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"none": {"class": "logging.NullHandler"}},
    "loggers": {name: {"handlers": ["none"], "propagate": False} for name in ("distributed", "tornado", "asyncio")},
}
NOT_INSTALLED: Final = "--engine dask needs dask.distributed, which is not installed: pip install 'pbrun[dask]'"
NOT_ENCRYPTED: Final = (
    "is not encrypted: passwords and the contents of files would travel in the clear, and whoever reaches its port "
    "could run programs on its workers. Start scheduler and workers with --tls-ca-file, --tls-cert and --tls-key, and "
    "name it tls://HOST:PORT"
)
NO_CERTIFICATES: Final = (
    "this machine has no certificate for it: set distributed.comm.tls.ca-file and distributed.comm.tls.client.cert and "
    ".key in ~/.config/dask/, or DASK_DISTRIBUTED__COMM__TLS__CA_FILE and so on"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the workers are: at the scheduler `url`, or (None) `count` processes of our own."""

    url: str | None
    count: int = 0


def place(address: str) -> Place:
    """What stands behind `dask:`. Raises EnvironmentFault."""
    if not address or address.isdecimal():
        count = int(address) if address else len(os.sched_getaffinity(0))
        if not count:
            raise EnvironmentFault("--engine dask:0: no worker at all can carry nothing")
        return Place(None, count)
    protocol, found, rest = address.rpartition("://")
    if found and protocol != "tls":
        raise EnvironmentFault(f"the Dask scheduler {address} {NOT_ENCRYPTED}")
    return Place(f"tls://{rest}")


def load_distributed() -> Any:
    """The library. Raises EnvironmentFault when it is not there."""
    try:
        import dask

        dask.config.set({"logging": _QUIET})
        import distributed
    except ImportError:
        raise EnvironmentFault(NOT_INSTALLED) from None
    return distributed


@contextlib.asynccontextmanager
async def opened(at: Place) -> AsyncIterator[Any]:
    """A client of the cluster. Raises EnvironmentFault."""
    distributed = load_distributed()
    async with contextlib.AsyncExitStack() as stack:
        if at.url is None:
            made = await stack.enter_async_context(_own_cluster(distributed, at.count))
            url, security = made.scheduler_address, made.security
        else:
            url, security = at.url, distributed.Security(require_encryption=True)
            if not security.get_connection_args("client").get("ssl_context"):
                raise EnvironmentFault(f"the Dask scheduler {url}: {NO_CERTIFICATES}")
        try:
            client = await distributed.Client(url, asynchronous=True, security=security, set_as_default=False)
        except (OSError, ValueError) as error:
            raise EnvironmentFault(f"the Dask scheduler {url} cannot be reached: {error}") from None
        stack.push_async_callback(client.close)
        yield client


@contextlib.contextmanager
def _no_main() -> Iterator[None]:
    """New processes import the main module of this one, and one that is a script without a guard would run once more
    (https://docs.python.org/3/library/multiprocessing.html#the-spawn-and-forkserver-start-methods). Ours need none,
    neither at first nor when Dask starts one again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.asynccontextmanager
async def _own_cluster(distributed: Any, count: int) -> AsyncIterator[Any]:
    """Processes on this machine that nobody else can speak to: the keys exist in their memory alone."""
    import dask

    # Scheduler and workers have a web server each, which asks nobody who he is.
    dask.config.set({f"distributed.{who}.http.routes": [] for who in ("scheduler", "worker")})
    folder = tempfile.mkdtemp(prefix="pbrun-dask-")
    try:
        cluster = distributed.LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            protocol="tls://",
            security=distributed.Security.temporary(),
            memory_limit=0,
            dashboard_address=None,
            worker_dashboard_address=None,
            local_directory=folder,
            silence_logs=SILENT,
            asynchronous=True,
        )
        with _no_main():
            try:
                yield await cluster
            finally:
                await cluster.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
