"""Dispatchers, one file each: threads that carry trips over connections that stay open, Dask workers that do, and one
without threads."""
