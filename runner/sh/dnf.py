"""Packages of Fedora, RHEL and their like as dnf handles them: the call compiled to sh.

rpm says in milliseconds what is there; dnf is only started for what is left. In a dry run it is asked what it would do
(`--assumeno`), otherwise told; what then came and went is read from rpm's own list. dnf itself waits for another dnf.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from runner.arguments import Option
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, failed
from runner.sh import dnf_text
from runner.sh.quote import path, quote

_LIST: Final[Mapping[str, Any]] = {"kind": "list", "elements": "str", "default": []}

# https://docs.ansible.com/ansible/latest/collections/ansible/builtin/dnf_module.html
OPTIONS: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "name": Option(**_LIST, aliases=("pkg",), doc="Names, `name-version`, `name >= 1.2`, `@group`, files, URLs."),
        "state": Option(
            choices=("absent", "installed", "latest", "present", "removed"), doc="Whether they shall be there."
        ),
        "list": Option(doc="Only list: installed, updates, available, repos, or packages of a name."),
        "update_cache": Option("bool", default=False, aliases=("expire-cache",), doc="Fetch what repositories have."),
        "update_only": Option("bool", default=False, doc="With latest: install nothing new."),
        "autoremove": Option("bool", default=False, doc="Remove what was only needed by something that is gone."),
        "enablerepo": Option(**_LIST, doc="Repositories to use beside those that are enabled."),
        "disablerepo": Option(**_LIST, doc="Repositories not to use."),
        "exclude": Option(**_LIST, doc="Packages that are left alone."),
        "disable_excludes": Option(doc="Whose exclusions do not count: all, main, or a repository's."),
        "enable_plugin": Option(**_LIST, doc="Plug-ins of dnf to use."),
        "disable_plugin": Option(**_LIST, doc="Plug-ins of dnf not to use."),
        "security": Option("bool", default=False, doc="With latest: only updates for security."),
        "bugfix": Option("bool", default=False, doc="With latest: only updates that mend something."),
        "allow_downgrade": Option("bool", default=False, doc="Put an older version in place of a newer one."),
        "allowerasing": Option("bool", default=False, doc="Remove what stands in the way."),
        "best": Option("bool", doc="The best version or none."),
        "nobest": Option("bool", doc="Another version if the best cannot be had."),
        "skip_broken": Option("bool", default=False, doc="Leave out what cannot be installed."),
        "install_weak_deps": Option("bool", default=True, doc="Install what is recommended."),
        "install_repoquery": Option("bool", default=True, doc="Accepted: without effect, as in Ansible."),
        "disable_gpg_check": Option("bool", default=False, doc="Take packages that nobody signed."),
        "validate_certs": Option("bool", default=True, doc="Check the certificates of servers of files to download."),
        "sslverify": Option("bool", default=True, doc="Check the certificates of repositories' servers."),
        "cacheonly": Option("bool", default=False, doc="Use what was fetched before, nothing else."),
        "download_only": Option("bool", default=False, doc="Download packages, install none."),
        "download_dir": Option(doc="Where downloaded packages go."),
        "conf_file": Option(doc="Another configuration file."),
        "installroot": Option(default="/", doc="The root of another system, to install there."),
        "releasever": Option(doc="The release to take packages of."),
        "lock_timeout": Option("int", default=30, doc="Accepted: dnf itself waits until another one has ended."),
    }
)
EXCLUSIVE: Final = (("name", "list"), ("best", "nobest"))
RETURNS: Final = MappingProxyType(
    {
        "results": "What was done: `Installed: …`, `Removed: …`; or what was listed.",
        "rc": "0 if it went well.",
    }
)
_QUERY: Final = r"%{name}\t%{arch}\t%{epoch}\t%{release}\t%{version}\t%{repoid}\n"


def fragment(call: Call, tools: tuple[str, ...]) -> Fragment | Outcome:
    """The one trip; `tools` are the programs to look for, the best first. Raises StepError for what cannot be meant."""
    args = call.args
    names = [name.strip() for name in args["name"] if name.strip()]
    begin = (
        f"pb_tools={quote(' '.join(tools))} pb_root={quote(args['installroot'])} "
        f"pb_downgrade={'1' if args['allow_downgrade'] else ''}\n{dnf_text.BEGIN}"
    )
    if args["list"]:
        probe = begin + _run(args, "") + _listing(args["list"])
        return Fragment(probe, effect=Effect.READ, memo={"stage": "list"})
    root = '[ "$(id -u)" = 0 ] || pb_fail "This command has to be run under the root user."\n'
    if args["download_only"]:
        root = ""
    if not names and not args["autoremove"]:
        if not args["update_cache"]:
            return failed("one of the following is required: name, list, update_cache")
        refresh = 'pb_dnf -y makecache "" || pb_failed "Failed to synchronize repodata"'
        return Fragment(f"{begin}{_run(args, '')}\npb_differs", refresh, memo={"stage": "cache"})
    state = "absent" if not names else _state(args)
    wrong = _wrong(names, state)
    if wrong:
        return failed(wrong, results=[])
    everything = "upgrade" if names == ["*"] and state == "latest" else "autoremove" if not names else ""
    probe = begin + root + _run(args, everything)
    if not everything:
        probe += _kinds(args, state) + "\n".join(_sorted(name) for name in names)
    probe += '\npb_kv notes "$pb_said"'
    probe += '\n[ -z "$pb_install$pb_upgrade$pb_remove$pb_try" ] || ' if not everything else "\n"
    probe += f"{{ {dnf_text.ASK}\n}}" if call.check else "pb_differs"
    return Fragment(probe, dnf_text.DO, memo={"stage": "packages", "files": [n for n in names if _is_file(n)]})


def _state(args: Mapping[str, Any]) -> str:
    other = {"installed": "present", "removed": "absent", None: "present"}
    return str(other.get(args["state"], args["state"]))


def _wrong(names: list[str], state: str) -> str:
    for name in names:
        if name.startswith("-") or "\n" in name:
            return f"No package {name} available."
        if state == "absent" and _is_file(name):
            return "Cannot remove paths -- please specify package name."
    return ""


def _is_file(name: str) -> bool:
    return "://" in name or name.endswith(".rpm")


def _kinds(args: Mapping[str, Any], state: str) -> str:
    """What is done with each kind of specifier."""
    if state == "absent":
        return dnf_text.ABSENT
    if args["update_only"]:
        return dnf_text.UPDATE_ONLY + dnf_text.FILE
    return (dnf_text.LATEST if state == "latest" else dnf_text.PRESENT) + dnf_text.FILE


def _sorted(name: str) -> str:
    """The sh call for one specifier."""
    if "://" in name:
        return f"pb_install=$pb_install$pb_nl{quote(name)}"
    if name.endswith(".rpm"):
        return f"pb_file {path(name)}"
    loose = name.startswith("@") or re.search(r"[*?\[\s<>=]", name)
    return f"{'pb_loose' if loose else 'pb_plain'} {quote(name)}"


def _run(args: Mapping[str, Any], everything: str) -> str:
    return dnf_text.RUN.replace("OPTIONS", " ".join(map(quote, _options(args)))).replace('"$ALL"', quote(everything))


def _options(args: Mapping[str, Any]) -> list[str]:
    """dnf's options; what is spelled differently by its versions is set as configuration."""
    words: list[str] = [
        *(f"--disablerepo={name}" for name in args["disablerepo"]),
        *(f"--enablerepo={name}" for name in args["enablerepo"]),
        *(f"--exclude={name}" for name in args["exclude"]),
        *(f"--disableplugin={name}" for name in args["disable_plugin"]),
        *(f"--enableplugin={name}" for name in args["enable_plugin"]),
        f"--setopt=clean_requirements_on_remove={int(args['autoremove'])}",
    ]
    flags = {
        "allowerasing": "--allowerasing",
        "skip_broken": "--skip-broken",
        "security": "--security",
        "bugfix": "--bugfix",
        "cacheonly": "--cacheonly",
        "update_cache": "--refresh",
        "disable_gpg_check": "--nogpgcheck",
        "download_only": "--downloadonly",
    }
    words += [flag for name, flag in flags.items() if args[name]]
    best = args["best"] if args["nobest"] is None else not args["nobest"]
    if best is not None:
        words.append(f"--setopt=best={int(best)}")
    settings = (("install_weak_deps", "install_weak_deps"), ("sslverify", "sslverify"), ("validate_certs", "sslverify"))
    words += [f"--setopt={name}=0" for option, name in settings if not args[option]]
    valued = {
        "disable_excludes": "--disableexcludes",
        "conf_file": "--config",
        "releasever": "--releasever",
        "download_dir": "--destdir",
    }
    words += [f"{flag}={args[name]}" for name, flag in valued.items() if args[name]]
    if args["installroot"] != "/":
        words.append(f"--installroot={args['installroot']}")
    if any("\n" in word for word in words):
        raise StepError("an option of dnf holds a newline")
    return words


def _listing(wanted: str) -> str:
    if wanted in ("repos", "repositories"):
        return 'pb_dnf -q repolist "" || pb_failed "dnf repolist failed"\npb_kv repos "$(cat "$pb_out")"'
    chosen = {"installed": "--installed", "updates": "--upgrades", "upgrades": "--upgrades", "available": "--available"}
    if wanted.startswith("-"):
        raise StepError(f"list: {wanted!r} is no package")
    ask = f"repoquery --qf={_QUERY}"
    rounds = [(chosen[wanted], "")] if wanted in chosen else [("--installed", wanted), ("--available", wanted)]
    return "".join(
        f'pb_dnf -q "{ask} {flag}" {quote(name)} || pb_failed "dnf repoquery failed"\n'
        f'pb_kv {flag[2:]} "$(cat "$pb_out")"\n'
        for flag, name in rounds
    )
