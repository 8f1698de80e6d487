"""Transports, one file each: a connection to a host that starts commands and moves bytes."""
