"""Stands in for `ansible.release`: the version of the language that is spoken here."""

__version__ = "2.19.0"
