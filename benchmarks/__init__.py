"""How fast pbrun is, side by side with the floor: bare paramiko doing the same work on the same machine."""
