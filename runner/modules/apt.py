"""apt: packages of Debian, Ubuntu and their like (ansible.builtin.apt)."""

from __future__ import annotations

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply
from runner.model.ports import Desk
from runner.sh import apt, apt_result

SPEC = Spec(
    doc="Install, upgrade or remove packages of Debian and its like.",
    brings=True,
    mutually_exclusive=(("deb", "package", "upgrade"),),
    options={
        "package": Option(
            "list",
            elements="str",
            aliases=("name", "pkg"),
            doc="Names; also `name=1.2*`, `name>=1.2`, `name/release`, `name*`, `task^`.",
        ),
        "state": Option(
            default="present",
            choices=("absent", "build-dep", "fixed", "latest", "present"),
            doc="Whether they shall be there; `build-dep`: what building them needs.",
        ),
        "update_cache": Option("bool", aliases=("update-cache",), doc="Fetch the package lists first."),
        "update_cache_retries": Option("int", default=5, doc="How often fetching is tried."),
        "update_cache_retry_max_delay": Option("int", default=12, doc="The longest pause between tries, in seconds."),
        "cache_valid_time": Option("int", default=0, doc="Fetch lists only if they are older, in seconds."),
        "purge": Option("bool", default=False, doc="Remove their configuration files, too."),
        "deb": Option("path", doc="A .deb file on the host (or several, with commas), or its URL."),
        "default_release": Option(aliases=("default-release",), doc="The release to take packages from."),
        "install_recommends": Option(
            "bool", aliases=("install-recommends",), doc="Install what they recommend; by default as apt is configured."
        ),
        "force": Option("bool", default=False, doc="As apt-get's --force-yes: do what is dangerous."),
        "upgrade": Option(
            default="no",
            choices=("dist", "full", "no", "safe", "yes"),
            doc="Upgrade all packages; `dist` and `full` may remove some.",
        ),
        "dpkg_options": Option(default="force-confdef,force-confold", doc="Options of dpkg, without their dashes."),
        "autoremove": Option("bool", default=False, doc="Remove what was only needed by something that is gone."),
        "autoclean": Option("bool", default=False, doc="Remove kept package files that can no longer be had."),
        "fail_on_autoremove": Option("bool", default=False, doc="Fail rather than remove a package."),
        "policy_rc_d": Option("int", doc="What policy-rc.d answers meanwhile; 101: no package starts its service."),
        "only_upgrade": Option("bool", default=False, doc="Upgrade what is installed, install nothing new."),
        "force_apt_get": Option("bool", default=False, doc="Accepted: apt-get is always what is used."),
        "clean": Option("bool", default=False, doc="Remove all kept package files."),
        "allow_unauthenticated": Option(
            "bool", default=False, aliases=("allow-unauthenticated",), doc="Take packages that nobody signed."
        ),
        "allow_downgrade": Option(
            "bool",
            default=False,
            aliases=("allow-downgrade", "allow_downgrades", "allow-downgrades"),
            doc="Put an older version in place of a newer one.",
        ),
        "allow_change_held_packages": Option("bool", default=False, doc="Change packages that are on hold."),
        "lock_timeout": Option("int", default=60, doc="How long to wait for another apt or dpkg, in seconds."),
        "auto_install_module_deps": Option("bool", default=True, doc="Accepted: nothing has to be installed for this."),
    },
    example="""\
- name: A web server and what it needs, from lists that are at most an hour old
  ansible.builtin.apt:
    name: [nginx, ca-certificates]
    update_cache: true
    cache_valid_time: 3600
- name: One release of a database, kept there
  ansible.builtin.apt:
    name: postgresql-15=15.4*
    allow_downgrade: true
""",
    returns={
        "cache_updated": "Whether the lists are others than before.",
        "cache_update_time": "When they were fetched, in seconds since 1970.",
        "stdout": "What apt-get printed.",
        "stderr": "What it complained about.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """One trip: the host compares what is installed with what is asked for, and apt does what is left."""
    return apt.fragment(call)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """What apt did, or would do."""
    return apt_result.outcome(call, reply)
