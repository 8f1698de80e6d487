"""Stands in for `ansible.parsing.yaml`: a dumper for PyYAML, and the types that values once had."""

from __future__ import annotations

from runner.syntax.yaml_text import Dumper

AnsibleDumper = Dumper
AnsibleUnicode = str
AnsibleSequence = list
AnsibleMapping = dict
