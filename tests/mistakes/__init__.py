"""Seeded mistakes, each with exactly what pbrun tells its user about it."""
