"""Where a run comes from: the commit of its playbook, the CI job it is part of, who started it and on what machine."""

from __future__ import annotations

import getpass
import os
import re
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

# What the systems' own documentation lists; traceparent is https://www.w3.org/TR/trace-context/.
CI_VARIABLES: Final = (
    *("GITHUB_REPOSITORY", "GITHUB_WORKFLOW", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB", "GITHUB_SHA"),
    *("GITHUB_ACTOR", "GITHUB_REF", "CI_PROJECT_PATH", "CI_PIPELINE_ID", "CI_JOB_ID", "CI_JOB_NAME", "CI_COMMIT_SHA"),
    *("BUILD_TAG", "BUILD_ID", "BUILD_URL", "JOB_NAME", "BUILDKITE_BUILD_ID", "CIRCLE_WORKFLOW_ID", "CIRCLE_BUILD_NUM"),
    *("TRAVIS_BUILD_ID", "DRONE_BUILD_NUMBER", "BITBUCKET_BUILD_NUMBER", "SYSTEM_JOBID", "BUILD_BUILDID"),
    *("TEAMCITY_VERSION", "BUILD_NUMBER", "TRACEPARENT"),
)
MAX_LENGTH: Final = 512

# A repository's own configuration must not start anything, ask anything or fetch anything for a look at its state.
_SAFE: Final = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat"),
    *("-c", "credential.helper=", "-c", "protocol.allow=never"),
)
_QUIET: Final = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ASKPASS": "true",
    "LC_ALL": "C",
}


def git(folder: Path, environ: Mapping[str, str], timeout_s: float = 3.0) -> dict[str, Any]:
    """`commit`, `branch`, `dirty` (untracked files count) and `remote` (without credentials) of the working tree
    that `folder` is in; {} if there is no git or it is in none; `dirty` is None if finding out took too long."""
    commit = _git(folder, environ, timeout_s, "rev-parse", "--verify", "--quiet", "HEAD")
    if commit is None or not commit.strip():
        return {}
    found: dict[str, Any] = {"commit": commit.strip()}
    branch = _git(folder, environ, timeout_s, "symbolic-ref", "--quiet", "--short", "HEAD")
    if branch and branch.strip():
        found["branch"] = branch.strip()
    status = _git(folder, environ, timeout_s, "status", "--porcelain", "-z", "--ignore-submodules=dirty")
    found["dirty"] = None if status is None else bool(status)
    remote = _git(folder, environ, timeout_s, "config", "--get", "remote.origin.url")
    if remote and remote.strip():
        found["remote"] = without_credentials(remote.strip())
    return found


def _git(folder: Path, environ: Mapping[str, str], timeout_s: float, *words: str) -> str | None:
    """What git prints, or None if it cannot be run, fails, or is too slow."""
    inherited = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *_SAFE, "-C", str(folder), *words],
            env={**inherited, **_QUIET},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def without_credentials(url: str) -> str:
    """An address without `user:password@` (`git@host:path` keeps its user: that is no secret)."""
    return re.sub(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)[^/]*@", r"\1", url).partition("?")[0]


def ci(environ: Mapping[str, str]) -> dict[str, str]:
    """The identifiers that a CI system gives its job; {} outside CI."""
    return {name: environ[name][:MAX_LENGTH] for name in CI_VARIABLES if environ.get(name)}


def user() -> str:
    """Who runs this: the login name, with `sudo`'s caller if there is one."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    caller = os.environ.get("SUDO_USER")
    return f"{name} (sudo by {caller})" if caller and caller != name else name


def controller() -> str:
    """The name of this machine."""
    return socket.gethostname()
