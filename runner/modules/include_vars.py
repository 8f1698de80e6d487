"""include_vars: variables from files here, given to the step's host (ansible.builtin.include_vars)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from runner.arguments import Option, Spec
from runner.errors import StepError
from runner.model.call import Call, Effect, Fragment, Outcome, Reply, Status, failed
from runner.model.ports import Desk, TreeEntry

SPEC = Spec(
    doc="Load variables from a file, or from all files of a folder.",
    free_form="file",
    local=True,
    effect=Effect.READ,
    mutually_exclusive=(("file", "dir"),),
    required_one_of=(("file", "dir"),),
    options={
        "file": Option("path", doc="The file, on the search path for `vars`."),
        "dir": Option("path", doc="A folder; its files are loaded in order of their names."),
        "name": Option(doc="Put the variables into a dictionary of this name."),
        "depth": Option("int", default=0, doc="How many levels of folders; 0 is no limit, 1 the folder alone."),
        "files_matching": Option("regexp", doc="A regular expression that a file's name must match."),
        "ignore_files": Option("raw", doc="Regular expressions (a list, or text with spaces) of names to leave out."),
        "ignore_unknown_extensions": Option("bool", default=False, doc="Leave out other extensions without an error."),
        "extensions": Option("list", default=["yaml", "yml", "json"], elements="str", doc="Extensions to load."),
        "hash_behaviour": Option(choices=("replace", "merge"), doc="`merge`: into dictionaries of the same names."),
    },
    example="""\
- name: Variables for this system
  ansible.builtin.include_vars: "{{ ansible_facts.os_family }}.yaml"
- name: All of a folder under one name
  ansible.builtin.include_vars:
    dir: users
    name: users
""",
    returns={
        "ansible_facts": "The variables.",
        "ansible_included_var_files": "The files they came from.",
    },
)

DIR_ONLY = ("depth", "files_matching", "ignore_files", "extensions", "ignore_unknown_extensions")


def fragment(call: Call, desk: Desk) -> Fragment | Outcome:
    """Loads at once; nothing is sent."""
    args = call.args
    if args.get("file") and call.given.intersection(DIR_ONLY):
        return failed("You are mixing file only and dir only arguments, these are incompatible")
    paths = list(_of_folder(args, desk)) if args.get("dir") else [desk.find("vars", args["file"].rstrip("\n"))]
    variables: dict[str, Any] = {}
    for path in paths:
        variables.update(desk.load_vars(path))
    if args.get("name"):
        variables = {args["name"]: variables}
    if args.get("hash_behaviour") == "merge":
        variables = {name: _merged(name, value, desk) for name, value in variables.items()}
    return Outcome(Status.OK, {"ansible_included_var_files": paths}, included_vars=variables)


def _of_folder(args: Mapping[str, Any], desk: Desk) -> Iterator[str]:
    """The folder's files in Ansible's order: folder by folder, names sorted. Raises StepError, re.error."""
    root = desk.find("vars", args["dir"])
    if desk.entry(root).kind == "file":
        raise StepError(f"{root} is not a directory")
    wanted = re.compile(args["files_matching"]) if args.get("files_matching") else None
    ignored = _patterns(args.get("ignore_files"))
    role_vars = _role_vars(desk)
    for entry in sorted(desk.tree(root), key=lambda entry: posixpath.split(entry.relative)):
        name = posixpath.basename(entry.relative)
        if entry.kind == "dir" or _too_deep(entry, args["depth"]):
            continue
        if posixpath.join(root, entry.relative) == f"{role_vars}/main.yml":
            continue  # a role loads this one by itself
        if (wanted and not wanted.search(name)) or any(pattern.search(name) for pattern in ignored):
            continue
        if posixpath.splitext(name)[1][1:] not in args["extensions"]:
            if args["ignore_unknown_extensions"]:
                continue
            allowed = ", ".join(args["extensions"])
            raise StepError(f"{posixpath.join(root, entry.relative)} does not have a valid extension: {allowed}")
        yield posixpath.join(root, entry.relative)


def _too_deep(entry: TreeEntry, depth: int) -> bool:
    return depth > 0 and entry.relative.count("/") + 1 > depth


def _patterns(given: Any) -> list[re.Pattern[str]]:
    words = given.split() if isinstance(given, str) else (given or [])
    return [re.compile(f"{word}$") for word in words]


def _role_vars(desk: Desk) -> str:
    try:
        return posixpath.join(str(desk.variable("role_path")), "vars")
    except StepError:
        return ""


def _merged(name: str, value: Any, desk: Desk) -> Any:
    """`value` merged into the variable there already is, dictionaries all the way down."""
    try:
        before = desk.variable(name)
    except StepError:
        return value
    return _combined(before, value)


def _combined(before: Any, after: Any) -> Any:
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return after
    joined = dict(before)
    for key, value in after.items():
        joined[key] = _combined(joined[key], value) if key in joined else value
    return joined


def outcome(call: Call, fragment: Fragment, reply: Reply, desk: Desk) -> Outcome | Fragment:
    """Never asked for: nothing was sent."""
    del call, fragment, reply, desk
    return failed("include_vars has no answer from a host")
