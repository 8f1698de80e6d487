"""yum_repository: a source of packages for dnf and yum (ansible.builtin.yum_repository)."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, failed
from runner.model.ports import Desk
from runner.sh import editing, place
from runner.sh.attributes import FILE_OPTIONS
from runner.sh.quote import quote
from runner.sh.verdict import text

_LIST: Final[Mapping[str, Any]] = {"kind": "list", "elements": "str"}
_GONE: Final = "Written as it is; dnf has no use for it."

# https://dnf.readthedocs.io/en/latest/conf_ref.html#repo-options
_FIELDS: Final[Mapping[str, Option]] = {
    "async": Option("bool", doc=_GONE),
    "bandwidth": Option(doc="How much of the network it may take."),
    "baseurl": Option(**_LIST, doc="Where it is."),
    "cost": Option(doc="What it costs to use it, beside others."),
    "countme": Option("bool", doc="Let the server count this host."),
    "deltarpm_metadata_percentage": Option(doc=_GONE),
    "deltarpm_percentage": Option(doc="How large differences may be, in percent of the package."),
    "enabled": Option("bool", doc="Whether it is used."),
    "enablegroups": Option("bool", doc="Whether its groups are used."),
    "exclude": Option(**_LIST, aliases=("excludepkgs",), doc="Packages that are not taken from it."),
    "failovermethod": Option(choices=("roundrobin", "priority"), doc="Which of its servers comes next."),
    "gpgcakey": Option(doc=_GONE),
    "gpgcheck": Option("bool", doc="Whether its packages have to be signed."),
    "gpgkey": Option(**_LIST, doc="Where the keys are."),
    "http_caching": Option(choices=("all", "packages", "none"), doc=_GONE),
    "include": Option(doc="Another file to read."),
    "includepkgs": Option(**_LIST, doc="The only packages that are taken from it."),
    "ip_resolve": Option(choices=("4", "6", "IPv4", "IPv6", "whatever"), doc="Which kind of address is used."),
    "keepalive": Option("bool", doc=_GONE),
    "keepcache": Option(choices=("0", "1"), doc="Whether downloaded packages are kept."),
    "metadata_expire": Option(doc="How long its lists are good."),
    "metadata_expire_filter": Option(
        choices=("never", "read-only:past", "read-only:present", "read-only:future"), doc=_GONE
    ),
    "metalink": Option(doc="Where a list of its servers is, as metalink."),
    "mirrorlist": Option(doc="Where a list of its servers is."),
    "mirrorlist_expire": Option(doc=_GONE),
    "module_hotfixes": Option("bool", doc="Take its packages though a module has them."),
    "password": Option(secret=True, doc="Password for the servers."),
    "priority": Option(doc="Its rank among others."),
    "protect": Option("bool", doc=_GONE),
    "proxy": Option(doc="The proxy to use."),
    "proxy_password": Option(secret=True, doc="Password for the proxy."),
    "proxy_username": Option(doc="User for the proxy."),
    "repo_gpgcheck": Option("bool", doc="Whether its lists have to be signed."),
    "retries": Option(doc="How often something is tried."),
    "s3_enabled": Option("bool", doc="Whether it is in S3."),
    "skip_if_unavailable": Option("bool", doc="Go on without it."),
    "ssl_check_cert_permissions": Option("bool", doc=_GONE),
    "sslcacert": Option(aliases=("ca_cert",), doc="Certificates of authorities."),
    "sslclientcert": Option(aliases=("client_cert",), doc="This host's certificate."),
    "sslclientkey": Option(aliases=("client_key",), doc="Its key."),
    "sslverify": Option("bool", aliases=("validate_certs",), doc="Check the servers' certificates."),
    "throttle": Option(doc="How fast it may be."),
    "timeout": Option(doc="How long to wait for a server, in seconds."),
    "ui_repoid_vars": Option(doc=_GONE),
    "username": Option(doc="User for the servers."),
}

SPEC = Spec(
    doc="Add a source of packages to dnf or yum, or remove it.",
    brings=True,
    options={
        "name": Option(required=True, doc="Its short name: the section of the file."),
        "description": Option(doc="Its name in words."),
        "file": Option(doc="The file's name, without `.repo`; by default the short name."),
        "reposdir": Option("path", default="/etc/yum.repos.d", doc="The folder of the file."),
        "state": Option(default="present", choices=("present", "absent"), doc="Whether it shall be there."),
        **_FIELDS,
        **FILE_OPTIONS,
    },
    required_if=(("state", "present", ("description",)),),
    example="""\
- name: A vendor's packages
  ansible.builtin.yum_repository:
    name: vendor
    description: Packages of a vendor
    baseurl: https://packages.example.com/el/$releasever/
    gpgkey: https://packages.example.com/key.asc
    gpgcheck: true
""",
    returns={"repo": "Its short name.", "state": "Whether it is there."},
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """The first trip: the file as it is."""
    args = call.args
    present = args["state"] == "present"
    if present and not (args["baseurl"] or args["mirrorlist"] or args["metalink"]):
        return failed("state is present but any of the following are missing: baseurl, mirrorlist, metalink")
    if any(mark in args["name"] for mark in "\n\r]") or not args["name"].strip():
        raise StepError(f"{args['name']!r} cannot be the name of a section")
    folder = args["reposdir"]
    missing = f'pb_parent "$p"; [ -d "$pb_where" ] || pb_fail {quote(f"Repo directory {folder!r} does not exist.")}'
    asks = "" if call.check and place.holds(call.will_exist, folder) else missing
    path = posixpath.join(folder, f"{args['file'] or args['name']}.repo")
    return editing.read(call, editing.from_args(args, path=path, create=present), asks)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:  # noqa: ARG001
    """What the file shall be, as Python's configparser writes it; or what came of it."""
    return editing.outcome(call, fragment, reply, lambda before: _change(call.args, before))


def _change(args: Mapping[str, Any], before: bytes | None) -> editing.Edit:
    """The section anew; a file in which nothing changes is not even put in order."""
    import configparser  # only this module needs it

    values = {"repo": args["name"], "state": args["state"]}
    known = configparser.RawConfigParser()
    try:
        known.read_string(text(before or b""))
    except configparser.Error as error:
        raise StepError(f"the file cannot be read: {error}") from None
    old = {section: dict(known.items(section)) for section in known.sections()}
    name = args["name"]
    known.remove_section(name)
    if args["state"] == "present":
        known.add_section(name)
        for key, value in _settings(args).items():
            known.set(name, key, value)
    new = {section: dict(known.items(section)) for section in known.sections()}
    if new == old:
        return editing.Edit(before, "", values)
    written = io.StringIO()
    known.write(written)
    return editing.Edit(editing.encoded(written.getvalue()) if new else None, "", values)


def _settings(args: Mapping[str, Any]) -> dict[str, str]:
    """The section's lines, in the order of their names."""
    given = {**{key: args[key] for key in _FIELDS}, "name": args["description"]}
    found: dict[str, str] = {}
    for key in sorted(given):
        value = given[key]
        if value is None:
            continue
        if isinstance(value, bool):
            value = str(int(value))
        elif isinstance(value, list):
            value = ("\n" if key in ("baseurl", "gpgkey") else " ").join(value)
        found[key] = value
    return found
