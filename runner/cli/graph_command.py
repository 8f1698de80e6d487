"""`pbrun graph PLAYBOOK...`: the plan as text, Graphviz dot or Mermaid."""

from __future__ import annotations

from collections.abc import Sequence

from runner.cli import flags, graph_text
from runner.cli.options import playbook_options

DESCRIPTION = """\
Prints the plan: what waits for what, and why. An edge reaches the same host, or every host of the batch (a gate).
No connection is opened.
"""

EXAMPLES = """
  pbrun graph site.yaml -i prod.yaml
  pbrun graph site.yaml -i prod.yaml --strategy dag --format dot | dot -Tsvg > plan.svg
  pbrun graph site.yaml -i prod.yaml --format mermaid
"""

FORMATS = {"text": graph_text.as_text, "dot": graph_text.as_dot, "mermaid": graph_text.as_mermaid}


def run(words: Sequence[str], argv: Sequence[str]) -> int:  # noqa: ARG001
    """Print the plan; the exit code."""
    made = flags.Parser("pbrun graph", DESCRIPTION, EXAMPLES, usage="pbrun graph PLAYBOOK... -i INV [options]")
    made.add_argument("playbooks", nargs="+", metavar="PLAYBOOK", help="playbook files")
    made.add_argument("--format", choices=tuple(FORMATS), default="text", help="how to print it (default text)")
    flags.add_target_flags(made)
    flags.add_playbook_flags(made)
    flags.add_run_flags(made)
    flags.add_vault_flags(made)
    flags.add_connection_flags(made)
    found = made.read(words)
    from runner.cli.carry_out import prepared_or_told

    found.syntax_check = True
    prepared = prepared_or_told(playbook_options(found))
    print(FORMATS[found.format](prepared.plan), end="")
    return 0
