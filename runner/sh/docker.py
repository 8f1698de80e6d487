"""Docker through the host's docker command: how it is called, what there is, and what it complained about.

https://docs.docker.com/reference/cli/docker/; comparisons are Ansible's:
https://docs.ansible.com/ansible/latest/collections/community/docker/docker_container_module.html#parameter-comparisons
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from runner.arguments import Option
from runner.errors import StepError
from runner.model.call import Outcome, Reply, failed
from runner.sh.quote import quote
from runner.sh.verdict import failure, text, value

COMMON_OPTIONS: Final[Mapping[str, Option]] = {
    "docker_host": Option(
        aliases=("docker_url",), doc="Where the daemon listens; the host's own setting if not given."
    ),
    "tls": Option("bool", default=False, doc="Encrypt, without checking the daemon's certificate."),
    "validate_certs": Option("bool", default=False, aliases=("tls_verify",), doc="Check the daemon's certificate."),
    "ca_path": Option("path", aliases=("ca_cert", "cacert_path", "tls_ca_cert"), doc="Who signs it."),
    "client_cert": Option("path", aliases=("cert_path", "tls_client_cert"), doc="The client's certificate."),
    "client_key": Option("path", aliases=("key_path", "tls_client_key"), doc="The client's key."),
    "tls_hostname": Option(doc="No matter here: the command checks the name of docker_host."),
    "api_version": Option(default="auto", aliases=("docker_api_version",), doc="The API's version, or auto."),
    "timeout": Option("int", default=60, doc="No matter here: the command has no such limit."),
    "use_ssh_client": Option("bool", default=False, doc="No matter here: the command uses ssh."),
    "debug": Option("bool", default=False, doc="No matter here."),
}

_SIZE: Final = re.compile(r"([0-9.]+)\s*([KMGTP]?)(?:i?B?)", re.IGNORECASE)
_POWERS: Final = "KMGTP"
_DURATION: Final = re.compile(r"([0-9.]+)(us|ms|h|m|s)")
_UNITS: Final = {"us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}

_LOOK: Final = r"""
look() {
  docker_key=$1
  shift
  if docker_found=$(dk "$@" 2>"$pb_dir/e.docker"); then pb_kv "$docker_key" "$docker_found"; return 0; fi
  docker_said=$(cat "$pb_dir/e.docker")
  case $docker_said in
  *[Nn]"o such "* | *"not found"*) return 1 ;;
  esac
  pb_fail "$docker_said"
}
"""


def start(args: Mapping[str, Any]) -> str:
    """Shell text that defines `dk WORD…`, the docker command, and `look KEY WORD…`, which reports what it prints and
    fails when there is no such thing."""
    words = ["--host", args["docker_host"]] if args["docker_host"] else []
    words += ["--tlsverify"] if args["validate_certs"] else ["--tls"] if args["tls"] else []
    for flag, name in (("--tlscacert", "ca_path"), ("--tlscert", "client_cert"), ("--tlskey", "client_key")):
        words += [f"{flag}={args[name]}"] if args[name] else []
    version = args["api_version"]
    pinned = f"export DOCKER_API_VERSION={quote(version)}\n" if version != "auto" else ""
    need = 'pb_have docker || pb_fail "docker is not on this host: install docker"\n'
    return f'{need}{pinned}dk() {{ command docker {" ".join(map(quote, words))} "$@"; }}\n{_LOOK}'


def command(*words: str) -> str:
    """A call of docker, as shell text."""
    return "dk " + " ".join(map(quote, words))


def name(text: str) -> str:
    """A name that no option can be taken for. Raises StepError when it is none."""
    if not text or text.startswith("-"):
        raise StepError(f"{text!r} is no name in docker")
    return text


def inspected(reply: Reply, key: str) -> dict[str, Any] | None:
    """The first thing that `docker inspect` told of; None if there is none.

    Its `Mounts` are sorted: docker tells them in an order that changes from call to call (it ranges over a Go map), and
    what has not changed should read the same twice."""
    told = value(reply, key)
    try:
        found = json.loads(told) if told else []
    except ValueError:
        raise StepError(f"docker's answer cannot be read: {told[:200]}") from None
    if not found:
        return None
    thing = dict(found[0])
    if isinstance(mounts := thing.get("Mounts"), list):
        thing["Mounts"] = sorted(mounts, key=lambda mount: str(mount.get("Destination", "")))
    return thing


def refused(reply: Reply) -> Outcome | None:
    """The failed outcome with all that docker said; None if all went well."""
    problem = failure(reply)
    if problem is None or reply.timed_out:
        return problem
    said = value(reply, "msg") or text(reply.stderr).strip()
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith("Run 'docker ")]
    return failed("\n".join(lines) or problem.msg, rc=reply.rc)


def size(given: Any) -> int:
    """Bytes of `512M`, `1.5g` or a number; -1 for `unlimited`. Raises StepError for what is no size."""
    word = str(given).strip()
    if word.lower() in ("unlimited", "-1"):
        return -1
    found = _SIZE.fullmatch(word)
    if not found:
        raise StepError(f"{given!r} is no size")
    return int(float(found[1]) * 1024 ** (_POWERS.index(found[2].upper()) + 1 if found[2] else 0))


def duration(given: Any) -> int:
    """Nanoseconds of `1m30s`, or of a number of seconds. Raises StepError for what is no duration."""
    word = str(given).strip()
    if re.fullmatch(r"[0-9]+", word):
        return int(word) * 10**9
    if not re.fullmatch(f"(?:{_DURATION.pattern})+", word):
        raise StepError(f"{given!r} is no duration")
    return sum(int(float(number) * _UNITS[unit]) for number, unit in _DURATION.findall(word))


def labels(given: Mapping[str, Any] | None) -> dict[str, str]:
    """Names and texts. Raises StepError for a value that is no text, as Ansible does."""
    for key, one in (given or {}).items():
        if not isinstance(one, str):
            raise StepError(f"The value {one!r} for {key!r} of labels is not a string: quote it")
    return {str(key): str(one) for key, one in (given or {}).items()}


def fits(wanted: Any, found: Any, kind: str, method: str) -> bool:
    """Whether `found` is as wanted. `kind`: `value`, `list`, `set` or `dict`; `method`: `strict`, `ignore` or
    `allow_more_present`."""
    if method == "ignore":
        return True
    if kind == "value":
        return bool(wanted == found)
    if kind == "dict":
        now = dict(found or {})
        same = all(key in now and now[key] == one for key, one in wanted.items())
        return same and (method != "strict" or len(now) == len(wanted))
    now_list = list(found or [])
    if kind == "set":
        return all(one in now_list for one in wanted) and (method != "strict" or all(one in wanted for one in now_list))
    if method == "strict":
        return list(wanted) == now_list
    rest = iter(now_list)
    return all(one in rest for one in wanted)


def shown(pairs: Sequence[tuple[str, Any]]) -> str:
    """One side of a diff."""
    return "".join(f"{key}: {json.dumps(one, sort_keys=True)}\n" for key, one in pairs)
