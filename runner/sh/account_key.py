"""The ssh key that `user` makes for an account (`generate_ssh_key`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.sh.quote import path, quote

# The key belongs to its user, so nothing of it is made through a link the user could have put there.
_MAKE = r"""pb_parent "$pb_key"
[ ! -L "$pb_where" ] && [ ! -L "$pb_key" ] || pb_fail "Failed to create $pb_key: a symbolic link is in its way"
[ -d "$pb_where" ] || { mkdir -m 700 -- "$pb_where" && chown -- "$pb_uid:$pb_pgid" "$pb_where"; } ||
  pb_fail "Failed to create $pb_where"
rm -f -- "$pb_key" "$pb_key.pub"
"""


def probe(args: Mapping[str, Any]) -> str:
    """Sets pb_key to the key's path and says whether it has to be made; needs the account's pb_home."""
    if not args["generate_ssh_key"]:
        return ":"
    made = ":" if args["force"] else '[ -e "$pb_key" ] || [ -e "$pb_key.pub" ]'
    if args["force"]:
        made = "false"
    return f"{_where(args)}\nif {made}; then :; else pb_differs; fi"


def _where(args: Mapping[str, Any]) -> str:
    file = args["ssh_key_file"] or f".ssh/id_{args['ssh_key_type']}"
    return f"pb_key={path(file)}" if file.startswith(("/", "~")) else f"pb_key=$pb_home/{quote(file)}"


def apply(args: Mapping[str, Any]) -> str:
    """Makes the key if it has to be made; needs pb_home, pb_uid and pb_pgid of the account as it is now."""
    if not args["generate_ssh_key"]:
        return ":"
    comment = args["ssh_key_comment"]
    label = '"ansible-generated on $(uname -n)"' if comment is None else quote(comment)
    bits = f"-b {args['ssh_key_bits']} " if args["ssh_key_bits"] > 0 else ""
    command = f'ssh-keygen -q -t {quote(args["ssh_key_type"])} {bits}-C {label} -f "$pb_key"'
    condition = "true" if args["force"] else '[ ! -e "$pb_key" ] && [ ! -e "$pb_key.pub" ]'
    return (
        f"{_where(args)}\nif {condition}; then\n"
        'pb_have ssh-keygen || pb_fail "Failed to find required executable \\"ssh-keygen\\" in paths: $PATH"\n'
        f"{_MAKE}{_with_passphrase(command, args['ssh_key_passphrase'])} || exit\n"
        'chown -h -- "$pb_uid:$pb_pgid" "$pb_key" "$pb_key.pub" || pb_fail "chown failed: $pb_key"\nfi'
    )


def _with_passphrase(command: str, passphrase: str | None) -> str:
    """ssh-keygen asks a program of ours for the passphrase: as its argument, everybody could read it."""
    if not passphrase:
        return f"{command} -N ''"
    text = quote(str.__str__(passphrase))
    return (
        f"pb_word={text} pb_ask=$pb_dir/ask.$pb_index\n"
        '( umask 077; printf \'#!/bin/sh\\ncat "$0.word"\\n\' >"$pb_ask"; printf \'%s\\n\' "$pb_word" >"$pb_ask.word"\n'
        'chmod 700 "$pb_ask" )\n'
        f"SSH_ASKPASS=$pb_ask SSH_ASKPASS_REQUIRE=force DISPLAY=: {command}\n"
        'pb_rc=$?; rm -f "$pb_ask" "$pb_ask.word"; [ $pb_rc -eq 0 ]'
    )


def report(args: Mapping[str, Any]) -> str:
    """Reports the key there is: its path, fingerprint and public half."""
    if not args["generate_ssh_key"]:
        return ":"
    return (
        f'{_where(args)}\npb_kv ssh_key_file "$pb_key"\n'
        'if [ -e "$pb_key" ]; then pb_kv ssh_fingerprint "$(ssh-keygen -l -f "$pb_key" 2>&1)"\n'
        '[ ! -r "$pb_key.pub" ] || pb_kv ssh_public_key "$(cat "$pb_key.pub")"; fi'
    )
