"""deb822_repository: a source of packages for apt, in a file of fields (ansible.builtin.deb822_repository)."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Diff, Fragment, Outcome, Reply, Status
from runner.model.ports import Desk
from runner.sh import keys, place, placed
from runner.sh.attributes import FILE_RETURNS
from runner.sh.quote import quote
from runner.sh.verdict import failure, value

_NOT_FIELDS: Final = ("mode", "state")
_LIST: Final[Mapping[str, Any]] = {"kind": "list", "elements": "str"}

SPEC = Spec(
    doc="Add a source of packages to apt as a file of fields, or remove it.",
    brings=True,
    options={
        "name": Option(required=True, doc="Its name; the file is called after it."),
        "state": Option(default="present", choices=("present", "absent"), doc="Whether it shall be there."),
        "mode": Option("mode", default="0644", doc="Mode of the file."),
        "types": Option(**_LIST, default=["deb"], choices=("deb", "deb-src"), doc="Packages, sources, or both."),
        "uris": Option(**_LIST, doc="Where they are."),
        "suites": Option(**_LIST, doc="Releases, or a path that ends in `/`."),
        "components": Option(**_LIST, doc="Parts of a release."),
        "architectures": Option(**_LIST, doc="Architectures to take."),
        "signed_by": Option(doc="The key: a file on the host, a URL, a fingerprint, or its text."),
        "enabled": Option("bool", doc="Whether apt uses it."),
        "trusted": Option("bool", doc="Take it as signed, or never."),
        "allow_insecure": Option("bool", doc="Take it though it is not signed."),
        "allow_weak": Option("bool", doc="Take it though it is signed weakly."),
        "allow_downgrade_to_insecure": Option("bool", doc="Take it though it is no longer signed."),
        "by_hash": Option("bool", doc="Fetch indexes by their hash."),
        "check_date": Option("bool", doc="Refuse what is from the future."),
        "check_valid_until": Option("bool", doc="Refuse what is too old."),
        "date_max_future": Option("int", doc="How far in the future is accepted, in seconds."),
        "inrelease_path": Option(doc="Where InRelease is, below the suite."),
        "languages": Option(**_LIST, doc="Languages of descriptions."),
        "pdiffs": Option("bool", doc="Fetch differences of indexes."),
        "targets": Option(**_LIST, doc="Which indexes to fetch."),
    },
    example="""\
- name: A vendor's repository
  ansible.builtin.deb822_repository:
    name: vendor
    uris: https://packages.example.com/apt
    suites: stable
    components: main
    signed_by: https://packages.example.com/key.asc
""",
    returns={
        "repo": "The file's text.",
        "dest": "The file.",
        **FILE_RETURNS,
        "key_filename": "Where the key is kept.",
    },
)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "", re.sub(r"[_\s]+", "-", name.lower()))


def _file(name: str) -> str:
    return f"/etc/apt/sources.list.d/{_slug(name)}.sources"


def _key(name: str, kind: str) -> str:
    return f"/etc/apt/keyrings/{_slug(name)}.{kind}"


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:  # noqa: ARG001
    """The file as it shall be; a key that is downloaded comes first, since its form decides its name."""
    args = call.args
    if args["state"] == "absent":
        return _removing(args["name"])
    if re.match(r"[a-z][a-z0-9+.-]*://", args["signed_by"] or ""):
        return _fetching(call)
    return _placing(call, args["signed_by"], changed=False)


def _removing(name: str) -> Fragment:
    names = [_file(name), _key(name, "asc"), _key(name, "gpg")]
    words = " ".join(quote(path) for path in names)
    probe = f'for pb_file in {words}; do [ ! -e "$pb_file" ] || {{ pb_differs; pb_above "$pb_file"; }}; done'
    return Fragment(probe, f'rm -f -- {words} || pb_fail "cannot remove {names[0]}"', removes=tuple(names))


_FETCH: Final = r"""
pb_new=$pb_dir/s.key
pb_get URL "$pb_new" || pb_fail "Could not fetch signed_by key: URL"
[ -s "$pb_new" ] || pb_fail "Could not fetch signed_by key: URL is empty"
pb_kind=gpg
! grep -q -e '-----BEGIN PGP PUBLIC KEY BLOCK-----' "$pb_new" || pb_kind=asc
pb_kv kind "$pb_kind"
pb_file=BASE.$pb_kind pb_want_mode=0644
pb_stat "$pb_file"
if [ "$pb_type" = absent ]; then pb_differs; pb_above "$pb_file"
else cmp -s "$pb_new" "$pb_file" || pb_differs; pb_attr_probe "$pb_file" "" ""
fi
"""

_KEEP: Final = r"""
pb_want_mode=0755
pb_make_folders /etc/apt/keyrings 0755 "" ""
pb_want_mode=0644
pb_temp "$pb_file"
cat "$pb_new" >&8 || pb_fail "cannot write $pb_file"
pb_attr_apply "$pb_temp" "" ""
pb_place "$pb_temp" "$pb_file"
"""


def _fetching(call: Call) -> Fragment:
    url, base = quote(call.args["signed_by"]), quote(_key(call.args["name"], "")[:-1])
    shown = _FETCH.replace('"Could not fetch signed_by key: URL', '"Could not fetch signed_by key: "URL"')
    probe = keys.GET + shown.replace("URL", url).replace("BASE", base)
    return Fragment(probe, _KEEP, last=False, memo={"stage": "key"})


def _placing(call: Call, signed_by: str | None, *, changed: bool) -> Fragment:
    text = _text(call.args, signed_by)
    data = text.encode("utf-8", "surrogateescape")
    placing = place.Placing(
        dest=_file(call.args["name"]),
        name=None,
        sha1=place.sha1(data),
        size=len(data),
        content=data,
        mode=call.args["mode"],
    )
    made = place.fragment(call, placing)
    memo = {**made.memo, "stage": "file", "text": text, "key": signed_by, "changed": changed}
    return Fragment(made.probe, made.apply, uploads=made.uploads, makes=made.makes, memo=memo, last=made.last)


def _text(args: Mapping[str, Any], signed_by: str | None) -> str:
    """The file: https://manpages.debian.org/bookworm/apt/sources.list.5.en.html ("deb822-style format")."""
    lines = []
    for key in sorted(args):
        given = signed_by if key == "signed_by" else args[key]
        if given is None or key in _NOT_FIELDS:
            continue
        if isinstance(given, bool):
            given = "yes" if given else "no"
        elif isinstance(given, list):
            given = " ".join(given)
        given = str(given)
        if "\n" in given:
            parts = (line.strip() or "." for line in given.strip().splitlines())
            given = "\n" + textwrap.indent("\n".join(parts), "    ")
        lines.append(f"{_field(key)}:{'' if given.startswith(chr(10)) or not given else ' '}{given}\n")
    return "".join(lines)


def _field(key: str) -> str:
    return {"name": "X-Repolib-Name", "uris": "URIs"}.get(key) or key.replace("_", "-").title()


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when the key or the file was another."""
    args, stage = call.args, fragment.memo.get("stage")
    broken = failure(reply)
    if broken:
        return broken
    if stage is None:
        values = {"repo": None, "dest": _file(args["name"]), "key_filename": _key(args["name"], "gpg")}
        diff = (Diff(f"{values['dest']}\n", ""),) if call.diff and reply.differs else ()
        return Outcome(Status.CHANGED if reply.differs else Status.OK, values, diff=diff)
    if stage == "key":
        return _placing(call, _key(args["name"], value(reply, "kind")), changed=reply.differs)
    done = placed.outcome(call, fragment, reply, desk)
    if isinstance(done, Fragment) or done.status is Status.FAILED:
        return done
    changed = done.status is Status.CHANGED or fragment.memo["changed"]
    key = fragment.memo["key"]
    named = key if key and key.startswith("/") else None
    seen = {name: done.values[name] for name in FILE_RETURNS if name in done.values}
    values = {"repo": fragment.memo["text"], "dest": _file(args["name"]), "key_filename": named, **seen}
    return Outcome(Status.CHANGED if changed else Status.OK, values, diff=done.diff)
