"""What the docker command tells, read."""

from __future__ import annotations

import itertools
import json

from runner.model.call import Reply
from runner.sh.docker import inspected


def test_what_has_not_changed_reads_the_same_in_whatever_order_docker_tells_its_mounts() -> None:
    mounts = [{"Destination": "/t", "Mode": ""}, {"Destination": "/anonymous"}, {"Type": "tmpfs"}]
    told = [
        inspected(Reply(0, 0, values={"container": json.dumps([{"Id": "1", "Mounts": order}]).encode()}), "container")
        for order in itertools.permutations(mounts)
    ]
    assert told[0] is not None and told[0]["Mounts"][1] == {"Destination": "/anonymous"}
    assert all(one == told[0] for one in told)
