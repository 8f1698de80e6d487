"""Faults of the world, injected for real: networks that swallow, clocks that jump, signals, memory, odd files."""
