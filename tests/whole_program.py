"""Importing this imports all of pbrun, and what pbrun imports only where it is needed because that is slow."""

import importlib
import pkgutil

import runner

HEAVY = ("cryptography.hazmat.primitives.ciphers", "importlib.metadata", "jinja2.nativetypes", "netaddr", "paramiko")

for found in pkgutil.walk_packages(runner.__path__, "runner."):
    # What stands in for Ansible's own modules is imported by a project's plug-ins alone.
    if not found.name.startswith("runner.extensions.stand_ins"):
        importlib.import_module(found.name)
for name in HEAVY:
    importlib.import_module(name)
