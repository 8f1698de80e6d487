"""Parsers of text that know where everything stands: YAML, INI, and arguments written as words."""
