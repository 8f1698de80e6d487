"""Runs that are over, as values: what the records of a log say, put in order. Pure, and one record at a time.

runs(records)            each run of a log: `Run`, with its plays, their tasks, and each task's results
runs(records, trim)      … with results made smaller (or left out: None) before they are kept
gathered(records)        the last run of a log
brief(result)            a `trim` that keeps what a result came to, without output, differences and values

`runner.journal.read(path)` gives the records of a file, `runner.journal.runs` finds files and runs by name.
"""

from runner.history.gather import brief, gathered, runs
from runner.history.run import BAD, Play, Run, Task

__all__ = ["BAD", "Play", "Run", "Task", "brief", "gathered", "runs"]
