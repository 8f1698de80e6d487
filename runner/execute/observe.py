"""What a dry run found on a host, and what it would put there, as a keyed digest that a saved plan can compare."""

from __future__ import annotations

import hmac
from hashlib import sha256

from runner.execute.job import Step
from runner.model.call import Effect, Reply


def observed(seal: bytes, step: Step, reply: Reply) -> str:
    """The digest of a step's answer in a dry run, in hex, that of its earlier answers among it.

    In it are what the probe reported, the text that the run itself would send behind it, and the sums of the files that
    would travel; for a module whose probe tells of times and counters, which change by themselves, only the latter two.
    What merely reads has none: facts always differ, and what they lead to shows in the arguments of other steps. The
    key belongs to one plan, so that the digest of a text with a weak password in it tells nothing to who sees the log.
    """
    made = step.fragment
    if made is None or made.effect is Effect.READ:
        return ""
    told = hmac.new(seal, step.observed.encode("ascii"), sha256)
    parts = [made.apply.encode("utf-8", "surrogateescape"), *(upload.sha1.encode("ascii") for upload in made.uploads)]
    if step.module is None or not step.module.SPEC.restless:
        parts += [b"1" if reply.differs else b"0", str(reply.rc).encode("ascii")]
        parts += [part for key in sorted(reply.values) for part in (key.encode(), reply.values[key])]
    for part in parts:
        told.update(b"%d:" % len(part) + part)
    return told.hexdigest()
