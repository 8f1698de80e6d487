"""A Dask cluster for tests: with TLS, in this process, so that it costs little."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(slots=True)
class Cluster:
    """A running cluster of one worker. `made` is Dask's own object."""

    address: str
    made: Any

    def written(self) -> str:
        """All that scheduler and worker have logged, whatever its level."""
        logs = [
            *self.made.scheduler.get_logs(),
            *(line for one in self.made.workers.values() for line in one.get_logs()),
        ]
        return "\n".join(text for _, text in logs)


def dask_settings(changes: Mapping[str, Any]) -> AbstractContextManager[Any]:
    """Dask's configuration with these changes. Skips the test where there is no Dask."""
    dask = pytest.importorskip("dask", reason="needs pbrun[dask]")
    found: AbstractContextManager[Any] = dask.config.set(changes)
    return found


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Skips the test where there is no Dask. The certificates are found in Dask's configuration, as those of users."""
    distributed = pytest.importorskip("distributed", reason="needs pbrun[dask]")
    security = distributed.Security.temporary()
    tls = {
        "distributed.comm.tls.ca-file": security.tls_ca_file,
        "distributed.comm.tls.client.key": security.tls_client_key,
        "distributed.comm.tls.client.cert": security.tls_client_cert,
    }
    quiet = {"dashboard_address": None, "silence_logs": False, "memory_limit": 0}
    with (
        dask_settings(tls),
        distributed.LocalCluster(1, processes=False, protocol="tls://", security=security, **quiet) as made,
    ):
        yield Cluster(made.scheduler_address, made)
