"""user: accounts of the host, their groups, homes, passwords and keys (ansible.builtin.user)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Fragment, Outcome, Reply, Status
from runner.model.ports import Desk
from runner.sh import account_key, account_names, account_new, account_text
from runner.sh.quote import path, quote
from runner.sh.verdict import failure, text, value, warned

SPEC = Spec(
    doc="Make, change or remove a user's account.",
    brings=True,
    options={
        "name": Option(required=True, aliases=("user",), doc="The login name."),
        "state": Option(default="present", choices=("absent", "present"), doc="Whether it shall be there."),
        "uid": Option("int", doc="Its number."),
        "non_unique": Option("bool", default=False, doc="Let another account have that number, too."),
        "group": Option(doc="Its primary group, by name or number."),
        "groups": Option("list", elements="str", doc="Its other groups; an empty list: none."),
        "append": Option("bool", default=False, doc="Add to the groups it has instead of leaving the others."),
        "comment": Option(doc="The account's description (GECOS)."),
        "home": Option("path", doc="Its home folder."),
        "shell": Option("path", doc="Its login shell."),
        "password": Option(secret=True, doc="The hash of its password, as crypt(3) makes it."),
        "update_password": Option(
            default="always", choices=("always", "on_create"), doc="When the password is looked at."
        ),
        "password_lock": Option("bool", doc="Whether the password is locked."),
        "password_expire_max": Option("int", doc="Days until a password has to be changed."),
        "password_expire_min": Option("int", doc="Days until a password may be changed again."),
        "password_expire_warn": Option("int", doc="Days of warning before."),
        "password_expire_account_disable": Option("int", doc="Days after that until the account is disabled."),
        "expires": Option("float", doc="When the account ends, in seconds since 1970; negative: never."),
        "create_home": Option("bool", default=True, aliases=("createhome",), doc="Make its home folder."),
        "move_home": Option("bool", default=False, doc="With a new `home`, take along what is in the old one."),
        "skeleton": Option(doc="The folder whose files a new home begins with."),
        "umask": Option(doc="The umask a new home is made with."),
        "system": Option("bool", default=False, doc="A new account gets a number of the system's range."),
        "uid_min": Option("int", doc="The least number a new account may get."),
        "uid_max": Option("int", doc="The greatest number a new account may get."),
        "force": Option("bool", default=False, doc="Remove the account of one who is logged in; overwrite a key."),
        "remove": Option("bool", default=False, doc="With the account, remove its home and mail."),
        "local": Option("bool", default=False, doc="Look at the host's own files only, not at its name service."),
        "generate_ssh_key": Option("bool", doc="Make a key pair for it, unless it has one."),
        "ssh_key_bits": Option("int", default=0, doc="The key's length; 0: what ssh-keygen takes."),
        "ssh_key_type": Option(default="rsa", doc="The key's type."),
        "ssh_key_file": Option("path", doc="The key's path, from the home on; without it `.ssh/id_TYPE`."),
        "ssh_key_comment": Option(doc="The key's comment; without it `ansible-generated on HOSTNAME`."),
        "ssh_key_passphrase": Option(secret=True, doc="The key's passphrase."),
        "seuser": Option(doc="The SELinux user of a new account."),
        "login_class": Option(doc="For BSD hosts; others have no such thing."),
        "hidden": Option("bool", doc="For macOS hosts; others have no such thing."),
        "profile": Option(doc="For Solaris hosts; others have no such thing."),
        "authorization": Option(doc="For Solaris hosts; others have no such thing."),
        "role": Option(doc="For Solaris hosts; others have no such thing."),
    },
    example="""\
- name: Who runs the application
  ansible.builtin.user:
    name: app
    groups: [adm, www-data]
    append: true
    shell: /usr/sbin/nologin
- name: Who has left
  ansible.builtin.user:
    name: eve
    state: absent
    remove: true
""",
    returns={
        "name": "The login name.",
        "state": "What was asked for.",
        "uid": "Its number.",
        "group": "The number of its primary group.",
        "groups": "The other groups that were asked for.",
        "comment": "Its description.",
        "home": "Its home folder.",
        "shell": "Its login shell.",
        "ssh_key_file": "The path of its key.",
        "ssh_fingerprint": "The key's fingerprint.",
        "ssh_public_key": "The key's public half.",
    },
)


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """One look at passwd, group and shadow; then what differs, through the host's own tools."""
    del desk
    args = call.args
    _refuse(args)
    own = account_names.key("user", args["name"])
    look = account_text.look(call)
    if args["state"] == "absent":
        probe = f'{look}\n[ -z "$pb_entry" ] || pb_differs'
        return Fragment(probe, account_new.remove(args), removes=(own,))
    makes = (own, account_names.key("group", args["name"])) if args["group"] is None else (own,)
    return Fragment(_present_probe(call, look), _present_apply(call), makes=makes)


def _refuse(args: Mapping[str, Any]) -> None:
    """What goes together in no case. Raises StepError."""
    for name in ("umask", "uid_min", "uid_max"):
        if args["local"] and args[name] is not None:
            raise StepError(f"'{name}' can not be used with 'local'")
    if args["password"] is not None:
        account_text.hash_wanted(args)


def _present_probe(call: Call, look: str) -> str:
    args = call.args
    aged, _ = account_new.ages(args)
    home = path(args["home"]) if args["home"] is not None else "$pb_home"
    missing_home = f'pb_v={home}; [ -e "$pb_v" ] || pb_differs\n' if args["create_home"] else ""
    return (
        f"{look}\npb_was=$pb_entry\n"
        f'{account_text.groups_wanted(call)}\n{account_text.primary(call)}\npb_kv gid "$pb_gid"\n'
        f'if [ -z "$pb_was" ]; then pb_differs\nelse\n{account_text.differences(call)}\n{missing_home}'
        f"if {aged}; then pb_differs; fi\n{account_key.probe(args)}\n{account_key.report(args)}\nfi"
    )


def _present_apply(call: Call) -> str:
    args = call.args
    name = quote(args["name"])
    aged, age = account_new.ages(args)
    lines = [
        f'{account_new.HOME_TEXT}if [ -z "$pb_was" ]; then\n{account_new.create(args)}',
        f"else\npb_early=\n{account_text.change(args)}\nfi",
        f"pb_entry passwd {name} || pb_fail {quote('failed to look up user name: ' + args['name'])}",
        f'pb_account {name} "$pb_entry"',
    ]
    if args["create_home"]:
        lines.append(
            f"pb_skel={path(args['skeleton'] or '/etc/skel')}\n"
            'if [ ! -e "$pb_home" ]; then pb_make_home "$pb_home"; pb_early=1; fi\n'
            '[ -z "$pb_early" ] || pb_own_home "$pb_uid" "$pb_pgid" "$pb_home"'
        )
    lines += [f"if {aged}; then {age}; fi", account_key.apply(args), account_key.report(args)]
    return "\n".join([*lines, 'pb_kv now "$pb_entry"'])


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """What the account is now; in a dry run, what is known of what it would be."""
    del fragment, desk
    return warned(_made(call, reply), *account_text.doubts(call.args))


def _made(call: Call, reply: Reply) -> Outcome:
    args = call.args
    values: dict[str, Any]
    if problem := failure(reply):
        # What a tool complained of comes with its code, what we did not even try does not.
        values = {} if "msg" in reply.values else {**problem.values, "name": args["name"]}
        return Outcome(Status.FAILED, values, msg=problem.msg)
    was = value(reply, "was")
    if call.check and not was and account_names.is_coming(call, "user", args["name"]):
        return Outcome(Status.SKIPPED, unknown=f"the user {args['name']} would have been made before")
    values = {"name": args["name"], "state": args["state"]}
    if args["state"] == "absent":
        values |= {"force": args["force"], "remove": args["remove"]} if reply.differs else {}
    else:
        values |= _present_values(call, reply, was)
    values |= {stream: said for stream in ("stdout", "stderr") if (said := text(getattr(reply, stream)))}
    return Outcome(Status.CHANGED if reply.differs else Status.OK, values)


def _present_values(call: Call, reply: Reply, was: str) -> dict[str, Any]:
    args = call.args
    names = ("append", "move_home") if was else ("system", "create_home")
    values: dict[str, Any] = {name: args[name] for name in names}
    if args["password"] is not None:
        values["password"] = "NOT_LOGGING_PASSWORD"
    if args["groups"] is not None:
        values["groups"] = ",".join(args["groups"])
    values |= _account(value(reply, "now", was))
    if call.check and reply.differs:
        gid = value(reply, "gid")
        wanted = {name: args[name] for name in ("uid", "comment", "home", "shell") if args[name] is not None}
        values |= wanted | ({"group": int(gid)} if gid.isdigit() else {})
    for key in ("ssh_key_file", "ssh_fingerprint", "ssh_public_key"):
        if key in reply.values:
            values[key] = value(reply, key)
    return values


def _account(line: str) -> dict[str, Any]:
    """A line of passwd as result keys; {} for none."""
    fields = line.split(":")
    if len(fields) < 7:
        return {}
    _, _, uid, gid, comment, home, shell = fields[:7]
    numbers = {name: int(text) for name, text in (("uid", uid), ("group", gid)) if text.isdigit()}
    return {**numbers, "comment": comment, "home": home, "shell": shell}
