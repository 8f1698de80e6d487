"""Dispatchers, one file each: threads that carry trips over connections that stay open, and one without threads."""
