"""cron: a job or a variable of a crontab (ansible.builtin.cron)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk
from runner.sh import crontab, crontab_user, editing
from runner.sh.verdict import text, warned

_TIMES: Final = ("minute", "hour", "day", "month", "weekday")
_SPECIAL: Final = ("reboot", "yearly", "annually", "monthly", "weekly", "daily", "hourly")

SPEC = Spec(
    doc="Keep a job, or a variable, in a user's crontab or in a file of /etc/cron.d, or remove it.",
    mutually_exclusive=(("insertafter", "insertbefore"),),
    options={
        "name": Option(required=True, doc="The job's name, which stands in a comment above it; or the variable's."),
        "job": Option(aliases=("value",), doc="The command; or the variable's value."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be there."),
        "user": Option(doc="Whose crontab; with `cron_file`, who runs the job."),
        "cron_file": Option("path", doc="A file in /etc/cron.d, or an absolute path, in place of a user's crontab."),
        "minute": Option(default="*", doc="The minute."),
        "hour": Option(default="*", doc="The hour."),
        "day": Option(default="*", aliases=("dom",), doc="The day of the month."),
        "month": Option(default="*", doc="The month."),
        "weekday": Option(default="*", aliases=("dow",), doc="The day of the week."),
        "special_time": Option(choices=_SPECIAL, doc="A word in place of all of these."),
        "disabled": Option("bool", default=False, doc="The job is there, commented out."),
        "env": Option("bool", default=False, doc="It is a variable, not a job."),
        "insertafter": Option(doc="A new variable goes behind this one."),
        "insertbefore": Option(doc="A new variable goes before this one."),
        "backup": Option("bool", default=False, doc="Keep the old crontab in the folder for temporary files."),
    },
    example="""\
- name: Certificates are renewed
  ansible.builtin.cron:
    name: renew certificates
    weekday: "1"
    hour: "4"
    minute: "17"
    job: certbot renew -q
""",
    returns={
        "jobs": "The names of all jobs.",
        "envs": "The names of all variables.",
        "cron_file": "The file.",
        "backup_file": "Where the old crontab is kept.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """The first trip: what the crontab holds."""
    del desk
    args = call.args
    wrong = _wrong(args)
    if wrong:
        return failed(wrong)
    if not args["cron_file"]:
        return crontab_user.read(args["user"])
    path = args["cron_file"] if args["cron_file"].startswith(("/", "~")) else f"/etc/cron.d/{args['cron_file']}"
    keep = f'if [ -f "$p" ]; then tab=$(cat -- "$p")$pb_nl{crontab_user.BACKUP}fi' if args["backup"] else ""
    wish = editing.from_args(
        {},
        path=path,
        create=args["state"] == "present",
        folders=False,
        unsafe=True,
        first=f"pb_umask=022\n{keep}",
        attributes_msg="",
    )
    return editing.read(call, wish)


def _wrong(args: Mapping[str, Any]) -> str:
    """What is wrong with the arguments, in Ansible's words; "" if nothing."""
    if args["cron_file"] == "/etc/crontab":
        return "Will not manage /etc/crontab via cron_file, see documentation."
    if args["special_time"] and any(args[time] != "*" for time in _TIMES):
        return "You cannot combine special_time with any of the time or day/date parameters."
    if args["env"] and " " in args["name"]:
        return "Invalid name for environment variable"
    if args["state"] == "absent":
        return ""
    if args["cron_file"] and not args["user"]:
        return "To use cron_file=... parameter you must specify user=... as well"
    if args["job"] is None:
        return "You must specify 'job' to install a new cron job or variable"
    if (args["insertafter"] or args["insertbefore"]) and not args["env"]:
        return "Insertafter and insertbefore parameters are valid only with env=yes"
    return ""


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What has to change, as an outcome or as the second trip; of that, what came of it."""
    del desk
    if call.args["cron_file"]:
        made = editing.outcome(call, fragment, reply, lambda before: _file(call.args, before))
    else:
        made = crontab_user.outcome(call, fragment, reply, lambda before: _tab(call.args, before))
    return warned(made, *_doubts(call.args))


def _doubts(args: Mapping[str, Any]) -> list[str]:
    """What cron itself would not make much of."""
    found = []
    name = (args["cron_file"] or "x").rpartition("/")[2]
    if re.fullmatch(r"[A-Za-z0-9_-]+", name) is None:
        letters = "solely of upper- and lower-case letters, digits, underscores, and hyphens"
        found.append(f'Filename portion of cron_file ("{name}") should consist {letters}')
    if args["state"] == "present" and not {"\r", "\n"}.isdisjoint((args["job"] or "").strip("\r\n")):
        found.append("Job should not contain line breaks")
    return found


def _file(args: Mapping[str, Any], before: bytes | None) -> editing.Edit:
    """The file's new content; it goes with its last job."""
    old = crontab.lines_of(text(before or b""))
    new = _changed(args, old)
    values = {"jobs": crontab.jobs(new), "envs": crontab.variables(new), "cron_file": args["cron_file"]}
    if args["state"] == "absent" and not args["env"] and new != old and not any(line.strip() for line in new):
        return editing.Edit(None, values={"cron_file": args["cron_file"], "state": "absent"})
    ended = before is None or not before or before.endswith((b"\n", b"\r"))
    return editing.Edit(before if new == old and ended else editing.encoded(crontab.text_of(new)), values=values)


def _tab(args: Mapping[str, Any], before: str) -> editing.Edit:
    old = crontab.lines_of(before, of_program=True)
    new = _changed(args, old)
    values = {"jobs": crontab.jobs(new), "envs": crontab.variables(new)}
    same = new == old and (not before or before.endswith(("\n", "\r")))
    return editing.Edit(editing.encoded(before if same else crontab.text_of(new)), values=values)


def _changed(args: Mapping[str, Any], lines: list[str]) -> list[str]:
    name, present = args["name"], args["state"] == "present"
    if args["env"]:
        if not present:
            return crontab.variable_absent(lines, name)
        return crontab.variable_present(lines, name, args["job"], args["insertafter"], args["insertbefore"])
    return crontab.job_present(lines, name, _line(args)) if present else crontab.job_absent(lines, name)


def _line(args: Mapping[str, Any]) -> str:
    """The job as it stands in the crontab."""
    when = f"@{args['special_time']}" if args["special_time"] else " ".join(args[time] for time in _TIMES)
    who = f" {args['user']}" if args["cron_file"] else ""
    job = args["job"].strip("\r\n")
    return f"{'#' if args['disabled'] else ''}{when}{who} {job}"
