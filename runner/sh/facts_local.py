"""Local facts: what `*.fact` files of a host hold or say, as JSON or INI.

https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_vars_facts.html#facts-d-or-local-facts
"""

from __future__ import annotations

import configparser
import json
import posixpath

from runner.sh.facts_source import Facts, Source


def local(source: Source) -> Facts:
    """The fact `local`, by file name; a file that cannot be read has a text that says why."""
    facts: Facts = {}
    number = 1
    while name := source.get(f"local_name_{number}"):
        short = posixpath.basename(name).replace(".fact", "")
        code = source.get(f"local_rc_{number}") or "0"
        if code == "0":
            facts[short] = parse(source.get(f"local_text_{number}"), name)
        else:
            said = source.get(f"local_err_{number}")
            facts[short] = f"Failure executing fact script ({name}), rc: {code}, err: {said}"
        number += 1
    return facts


def parse(text: str, name: str) -> object:
    """JSON, or else INI as a dictionary of sections."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError):
        return f"error loading facts as JSON or ini - please check content: {name}"
    return {section: dict(parser.items(section)) for section in parser.sections()}
