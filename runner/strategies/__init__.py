"""Strategies, one file each: a strategy only adds edges to a play's graph."""
