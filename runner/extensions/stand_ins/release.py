"""Stands in for `ansible.release`: the version of the language that is spoken here."""

from runner import LANGUAGE_VERSION

__version__ = LANGUAGE_VERSION
