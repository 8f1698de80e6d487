"""Lookups, one file each: `lookup('NAME', …)`, `query('NAME', …)` and `with_NAME` in playbooks.

A file defines `run(terms, variables, options, context)` (see `runner.model.ports.Lookup`) and gives a list of plain
values; it raises `StepError` with a plain reason. Files that begin with `_` are what several of them share.
"""
