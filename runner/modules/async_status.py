"""async_status: how a job stands that a task left running on its host (ansible.builtin.async_status)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, failed, ok
from runner.model.ports import Desk
from runner.sh import jobs
from runner.sh.user_command import result
from runner.sh.verdict import failure

SPEC = Spec(
    doc="Look after a job that `async` with `poll: 0` left running, or remove what is left of it.",
    effect=Effect.READ,
    options={
        "jid": Option("str", required=True, doc="The job: `ansible_job_id` of the task that began it."),
        "mode": Option("str", default="status", choices=("cleanup", "status"), doc="Look, or remove its folder."),
    },
    example="""\
- name: Begin
  ansible.builtin.command: /usr/local/bin/rebuild
  async: 3600
  poll: 0
  register: job
- name: Wait for its end
  ansible.builtin.async_status:
    jid: "{{ job.ansible_job_id }}"
  register: done
  until: done is finished
  retries: 60
  delay: 60
""",
    returns={
        "started": "Whether it has begun.",
        "finished": "Whether it is over.",
        "ansible_job_id": "The job's name.",
        "results_file": "The job's folder on the host.",
    },
)

NOT_FOUND: Final = "could not find job"
LATE: Final = "Timeout exceeded"
GONE: Final = "the job ended without a result: it was killed, or the host was started anew"
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """A look at the job's folder; a job that ended before its task did has nothing on the host."""
    name, cleans = call.args["jid"], call.args["mode"] == "cleanup"
    folder = str(desk.setting("ansible_async_dir") or jobs.HOME)
    known = desk.job(name)
    if known is not None and known.ended:
        path = f"{folder}/{name}"
        return _erased(name, path) if cleans else seen(known.outcome(None), name, path)
    if not _NAME.fullmatch(name):
        return failed(NOT_FOUND, **_common(name, finished=True, **_place(call, f"{folder}/{name}")))
    return jobs.remove(folder, name) if cleans else jobs.look(folder, name)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """Not finished, or what the job came to: told by the module that began it, if that was in this run."""
    broken = failure(reply)
    if broken is not None:
        return broken
    name, state = call.args["jid"], jobs.read(reply)
    if state.missing:
        return failed(NOT_FOUND, **_common(name, finished=True, **_place(call, state.path)))
    if call.args["mode"] == "cleanup":
        return _erased(name, state.path)
    if not state.over:
        return ok(**_common(name, finished=False, results_file=state.path))
    if state.reply is None:
        return seen(failed(LATE if state.late else GONE), name, state.path)
    known = desk.job(name)
    made = known.outcome(state.reply) if known is not None else result(call, state.reply)
    return seen(made, name, state.path)


def seen(made: Outcome, name: str, path: str) -> Outcome:
    """The outcome of a job that is over, as the task that looks after it has it."""
    return replace(made, values={**_common(name, finished=True, results_file=path), **made.values})


def _erased(name: str, path: str) -> Outcome:
    values: dict[str, Any] = {**_common(name, finished=False, erased=path), "started": False}
    return ok(**values)


def _place(call: Call, path: str) -> dict[str, str]:
    return {"erased" if call.args["mode"] == "cleanup" else "results_file": path}


def _common(name: str, *, finished: bool, **more: str) -> dict[str, Any]:
    return {"ansible_job_id": name, "started": True, "finished": finished, "stdout": "", "stderr": "", **more}
