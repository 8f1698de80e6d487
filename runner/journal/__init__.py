"""The log: one JSON line per event, one writer, redacted, on disk before anything is sent.

Journal.open(log, redactor, environ)  ▶ .write(events, durable=…) ▶ redacted records   ▶ .sync() ▶ .close()
Redactor().add(secret)                known secrets are masked in every event written after that
read(path, note)                      the records of a log
line(record), record(line)            one record as its line, and back (`log.schema.json` describes a line)
runs_folder(environ)                  where logs are if nobody says otherwise
state_home(environ)                   where this user's state lies; `provenance` says where a run comes from
"""

from runner.journal.encode import UnknownType, line, record
from runner.journal.place import new_run_id, runs_folder, state_home
from runner.journal.read import read
from runner.journal.redact import Redactor
from runner.journal.writer import Journal

__all__ = ["Journal", "Redactor", "UnknownType", "line", "new_run_id", "read", "record", "runs_folder", "state_home"]
