"""The lab: hosts of `ansible_connection: lab`, real SSH servers on 127.0.0.1 that live as long as the run.

    start(hosts, state_dir) ▶ Lab     .targets: name ▶ LabHost (address, port, user, key, known_hosts), .close()
    known(state_dir)                  the home folders that are there
    reset(state_dir, hosts)           forget them (all: the keys too)

Commands run as the user who runs pbrun, without any walls around them: the lab is for trying things out.
"""

from runner.lab.homes import known, reset
from runner.lab.lab import Lab, LabHost, start

__all__ = ["Lab", "LabHost", "known", "reset", "start"]
