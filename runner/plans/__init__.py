"""Saved plans: what a dry run said, kept as a file, compared with what one says later, and with what was done.

Pure: records and values go in, values and text come out. The command line reads and writes the files.
"""
