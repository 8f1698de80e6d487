"""pbrun: runs Ansible-style playbooks over SSH on targets that have nothing but sshd and a POSIX shell.

The house is a one-way street; each arrow is a frozen dataclass of `runner.model`:

    argv ──cli──▶ Options
         ──load──▶ Inventory, Playbook            edge: reads files, collects every mistake, raises once
         ──plan──▶ Plan                           pure: a list of small passes over a networkx graph of tasks
         ──execute─▶ Call ▶ Fragment ▶ Trip       pure: what is ready, rendered, compiled to sh, fused
         ──dispatch▶ Reply                        edge: threads, or Dask workers, carry trips over SSH sessions
         ──execute─▶ Outcome ▶ Event              pure: what came back, folded into the run's state
         ──journal─▶ one JSON line per event      edge: intent on disk before anything is sent, result after
         ──reporters▶ screen, plain lines, JSON   edge: they see events only

A room imports only from lower layers, and rooms of one layer do not see each other (import-linter checks it):

    9 cli   8 engine   7 dispatch reports telemetry   6 load extensions lookups transports journal reporters lab plans
    5 execute   4 plan   3 inventory become modules
    2 configuration syntax sh vars template strategies vault history
    1 arguments registry errors   0 model
"""

__version__ = "0.1.0"
# The ansible-core whose language is spoken here, as playbooks and plug-ins ask for it.
LANGUAGE_VERSION = "2.19.0"
