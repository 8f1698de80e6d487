"""Dispatchers, one file each: threads that carry trips over connections that stay open, the same on the workers of a Dask
cluster, and one without threads."""
