"""subversion: a working copy checked out, and brought to a revision, by the host's svn (ansible.builtin.subversion)."""

from __future__ import annotations

from typing import Any, Final

from runner.arguments import Option, Spec
from runner.model.call import Call, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk
from runner.sh import place
from runner.sh.encode import printf_word
from runner.sh.filled import filled
from runner.sh.quote import path, quote
from runner.sh.verdict import failure, text, value

SPEC = Spec(
    doc="Check out a Subversion repository, and bring it to a revision.",
    brings=True,
    options={
        "repo": Option(required=True, aliases=("name", "repository"), doc="Its address."),
        "dest": Option("path", doc="Where it goes."),
        "revision": Option(default="HEAD", aliases=("rev", "version"), doc="The revision."),
        "force": Option("bool", default=False, doc="Throw away changes."),
        "in_place": Option("bool", default=False, doc="Check out over a folder that is no working copy."),
        "username": Option(doc="The user."),
        "password": Option(secret=True, doc="The user's password."),
        "executable": Option("path", doc="Which svn."),
        "checkout": Option("bool", default=True, doc="Check out if there is nothing."),
        "update": Option("bool", default=True, doc="Bring what is there to the revision."),
        "export": Option("bool", default=False, doc="The files alone, without what svn keeps."),
        "switch": Option("bool", default=True, doc="Go over to `repo` if it is another one."),
        "validate_certs": Option("bool", default=False, doc="Check the server's certificate."),
    },
    example="""\
- name: The application
  ansible.builtin.subversion:
    repo: https://svn.example.org/app/trunk
    dest: /srv/app
""",
    returns={
        "before": "Revision and address that were there.",
        "after": "Revision and address that are there.",
    },
)

# svn would make ~/.subversion where there is none, even in a dry run. The password comes on stdin, from a private file;
# a svn that cannot read it there (before 1.10) is not used with one.
_LOOK: Final = r"""
svn=@SVN@ dest=@DEST@ repo=@REPO@ revision=@REVISION@ force=@FORCE@ export=@EXPORT@ update=@UPDATE@ checkout=@CHECKOUT@
pb_have "$svn" || pb_fail "there is no $svn on this host; install subversion"
out="$pb_dir/s.svn.$pb_index"
@SECRET@
own=
[ -d "$HOME/.subversion" ] || own=1
s() {
  set -- --non-interactive --no-auth-cache ${own:+--config-dir "$out.config"} @OPTIONS@ "$@"
  if [ -f "$out.password" ]; then "$svn" --password-from-stdin "$@" <"$out.password"; else "$svn" "$@"; fi
}
must() { s "$@" >"$out.said" 2>"$out.err" || { rc=$?; pb_blob said "$out.err"; pb_fail "svn $1 failed" "$rc"; }; }
number() { sed -n 's/^Revision *: *\([0-9]*\)$/\1/p' "$out.said"; }
told() { grep -E '^Revision ?:' "$out.said"; grep -E '^URL ?:' "$out.said"; }
mods() { must status --quiet --ignore-externals "$dest@"; grep -q '^[^?X]' "$out.said"; }
url=
if [ -z "$export$update$checkout" ]; then
  must info "$repo"
  pb_kv after "$(grep -E '^Revision ?:' "$out.said")"
  exit 0
fi
if [ -n "$export" ] || [ ! -e "$dest" ] || [ -n '@GONE@' ]; then
  work=new
  [ -n "$export$checkout" ] || exit 0
  must info -r "$revision" "$repo"
  pb_differs
elif s info "$dest@" >"$out.said" 2>"$out.err"; then
  work=old
  pb_kv before "$(told)"
  [ -n "$update" ] || exit 0
  was=$(number)
  url=$(sed -n 's/^URL *: *//p' "$out.said")
  changed=
  if mods; then
    [ -n "$force" ] || pb_fail "ERROR: modified files exist in the repository."
    changed=1
  fi
  must info -r "$revision" "$repo"
  [ "$was" = "$(number)" ] && [ "$url" = "${repo%/}" ] && [ -z "$changed" ] || pb_differs
  pb_kv next "$(told)"
elif [ -n '@IN_PLACE@' ]; then work=over; pb_differs
else pb_fail "ERROR: $dest folder already exists, but its not a subversion repository."; fi
"""

_APPLY: Final = r"""
case $work in
new)
  if [ -n "$export" ]; then must export ${force:+--force} -r "$revision" "$repo" "$dest"
  else must checkout -r "$revision" "$repo" "$dest"; fi ;;
over)
  must checkout --force -r "$revision" "$repo" "$dest"
  if [ -n "$force" ] && mods; then must revert -R "$dest@"; fi ;;
old)
  if [ -n '@SWITCH@' ] && [ "$url" != "${repo%/}" ]; then must switch --revision "$revision" "$repo" "$dest@"; fi
  [ -z "$changed" ] || must revert -R "$dest@"
  must update -r "$revision" "$dest@" ;;
esac
if [ -z "$export" ]; then must info "$dest@"; pb_kv after "$(told)"; fi
"""


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """One trip: what is there and what the repository has, then what lies between."""
    del desk
    args = call.args
    if not args["dest"] and (args["checkout"] or args["update"] or args["export"]):
        return failed("the destination directory must be specified unless checkout=no, update=no, and export=no")
    for name in ("repo", "revision"):
        if args[name].startswith("-"):
            return failed(f"{name} cannot begin with a dash: {args[name]}")
    options = ["--trust-server-cert"] if not args["validate_certs"] else []
    options += ["--username", args["username"]] if args["username"] else []
    secret = ""
    if args["password"]:
        word = printf_word(f"{args['password']}\n".encode("utf-8", "surrogateescape"))
        secret = (
            'case $("$svn" --version --quiet) in 0.* | 1.[0-9].* | 1.[0-9])\n'
            "pb_fail 'a password needs Subversion 1.10, which reads it from its standard input' ;; esac\n"
            f'printf {word} >"$out.password"'
        )
    gone = call.check and bool(args["dest"]) and place.holds(call.will_vanish, args["dest"])
    flags = ("force", "export", "update", "checkout")
    parts = {
        "SVN": path(args["executable"]) if args["executable"] else "svn",
        "DEST": path(args["dest"].rstrip("/") or "/") if args["dest"] else "''",
        "REPO": path(args["repo"]) if args["repo"].startswith("~") else quote(args["repo"]),
        "REVISION": quote(args["revision"]),
        "OPTIONS": " ".join(quote(word) for word in options),
        "SECRET": secret,
        "GONE": "1" if gone else "",
        "IN_PLACE": "1" if args["in_place"] else "",
        "SWITCH": "1" if args["switch"] else "",
        **{name.upper(): "1" if args[name] else "''" for name in flags},
    }
    makes = (args["dest"],) if args["dest"] else ()
    return Fragment(filled(_LOOK, parts), filled(_APPLY, parts), makes=makes)


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Changed when there is another revision, or changes were thrown away."""
    del fragment, desk
    problem = failure(reply)
    if problem:
        said = text(reply.values.get("said", b"")).strip()
        return failed(problem.msg + (f": {said.splitlines()[-1]}" if said else ""), rc=reply.rc, stderr=said)
    values: dict[str, Any] = {}
    for name in ("before", "after"):
        if name in reply.values:
            lines = value(reply, name).split("\n")
            values[name] = lines if len(lines) > 1 else lines[0]
    if call.check and "next" in reply.values:
        values["after"] = value(reply, "next").split("\n")
    if not reply.differs and "before" in values:
        values.setdefault("after", values["before"])
    if not call.args["export"] and reply.differs:
        values.setdefault("before", None)
    return Outcome(Status.CHANGED if reply.differs else Status.OK, values)
