"""From a playbook to a plan: a literal list of small passes over one play at a time, pure and without I/O.

`runner.plan.build.make_plan` is the door; `runner.plan.passes` lists the passes in order.
"""
