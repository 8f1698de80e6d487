"""Calls of `docker compose`, and what it tells while it works: https://docs.docker.com/reference/cli/docker/compose/.

Each line of its plain progress names a thing, its name and what becomes of it: ` Container web-1  Creating`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from runner.sh.quote import path as path_word
from runner.sh.quote import quote

_EVENT: Final = re.compile(
    r"\s*(?:DRY-RUN MODE - )?\s*(Container|Network|Volume|Image|Service|Secret|Config)\s+(.+?)\s+([A-Z][A-Za-z]+)\s*"
)
# What changes something; that it has been done is told on a line of its own.
_CHANGING: Final = frozenset(
    "Creating Starting Restarting Stopping Killing Removing Recreate Recreating Building Pulling".split()
)


def base(args: Mapping[str, Any]) -> str:
    """The beginning of every call, as shell text."""
    words = ["compose", "--ansi=never"]
    words += [f"--project-name={args['project_name']}"] if args["project_name"] else []
    words += [f"--profile={one}" for one in args["profiles"] or []]
    paths = [("--env-file", one) for one in args["env_files"] or []]
    if args["project_src"]:
        paths.append(("--project-directory", args["project_src"]))
    text = " ".join(["dk", *map(quote, words), *(f"{flag} {path_word(one)}" for flag, one in paths)])
    files = ["-"] if args["definition"] is not None else args["files"] or []
    return " ".join([text, *(f"--file {quote(one)}" for one in files)])


def up(args: Mapping[str, Any], *, start: bool) -> list[str]:
    """Its words that make and start what is missing, and change what differs."""
    words = ["up", "--detach", "--no-color", "--quiet-pull"]
    words += [f"--pull={args['pull']}"] if args["pull"] != "policy" else []
    words += ["--remove-orphans"] if args["remove_orphans"] else []
    words += {"always": ["--force-recreate"], "never": ["--no-recreate"]}.get(args["recreate"], [])
    words += ["--renew-anon-volumes"] if args["renew_anon_volumes"] else []
    words += [] if args["dependencies"] else ["--no-deps"]
    words += {"always": ["--build"], "never": ["--no-build"]}.get(args["build"], [])
    words += [f"--scale={name}={number}" for name, number in (args["scale"] or {}).items()]
    words += ["--wait"] if args["wait"] and start else []
    words += [f"--wait-timeout={args['wait_timeout']}"] if args["wait"] and start and args["wait_timeout"] else []
    words += [] if start else ["--no-start"]
    words += ["--yes"] if args["assume_yes"] else []
    return [*words, *_timeout(args)]


def down(args: Mapping[str, Any]) -> list[str]:
    """Its words that remove all."""
    words = ["down"] + (["--remove-orphans"] if args["remove_orphans"] else [])
    words += [f"--rmi={args['remove_images']}"] if args["remove_images"] else []
    return [*words, *(["--volumes"] if args["remove_volumes"] else []), *_timeout(args)]


def stop(args: Mapping[str, Any]) -> list[str]:
    """Its words that stop all."""
    return ["stop", *_timeout(args)]


def restart(args: Mapping[str, Any]) -> list[str]:
    """Its words that restart all."""
    return ["restart", *([] if args["dependencies"] else ["--no-deps"]), *_timeout(args)]


def _timeout(args: Mapping[str, Any]) -> list[str]:
    return [f"--timeout={args['timeout']}"] if args["timeout"] is not None else []


def actions(told: str) -> list[dict[str, str]]:
    """What was changed, or in a dry run would be. That an image is pulled for a service changes nothing by itself."""
    found = []
    for line in told.splitlines():
        event = _EVENT.fullmatch(line)
        if event and event[3] in _CHANGING and not (event[3] == "Pulling" and event[1] == "Service"):
            found.append({"what": event[1].lower(), "id": event[2], "status": event[3]})
    return found


def listed(told: str) -> list[Any]:
    """What `ps --format json` says: a list, or in later versions one container on each line."""
    told = told.strip()
    if told.startswith("["):
        return list(json.loads(told))
    return [json.loads(line) for line in told.splitlines() if line.startswith("{")]
