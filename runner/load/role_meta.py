"""What a role's folder `meta` says: dependencies, whether it may run twice, its collections, its arguments.

Source: https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_reuse_roles.html
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from runner.arguments import ArgumentError, to_bool
from runner.load.context import Context, Place
from runner.load.fields import words
from runner.load.reading import Reading
from runner.model.playbook import Around, Task
from runner.model.quick import dataclass
from runner.model.span import Span
from runner.model.values import Template
from runner.syntax.yaml import Listing, Scalar, Table, plain

MODULE = "validate_argument_spec"


@dataclass(frozen=True, slots=True)
class RoleMeta:
    """`specs` maps entry points (names of task files) to the specifications of their arguments."""

    path: str = ""
    dependencies: Listing | None = None
    repeatable: bool = False
    collections: tuple[str, ...] = ()
    specs: Mapping[str, Any] | None = None


def read_meta(reading: Reading, folder: str, span: Span) -> RoleMeta:
    """The role's `meta/main` and `meta/argument_specs`; of the two the latter counts where both specify arguments."""
    inside = posixpath.join(folder, "meta")
    if not reading.is_folder(inside):
        return RoleMeta()
    path = reading.with_extension(posixpath.join(inside, "main"))
    main = reading.tree(path, span) if path else None
    own = next((file for end in ("yml", "yaml") if reading.is_file(file := f"{inside}/argument_specs.{end}")), None)
    source = reading.tree(own, span) if own else main
    found = plain(source.get("argument_specs")) if isinstance(source, Table) else None
    specs = found if isinstance(found, Mapping) else None
    if path is None or not isinstance(main, Table):
        return RoleMeta(specs=specs)
    wanted = main.get("dependencies")
    if wanted is not None and not isinstance(wanted, Listing):
        if not (isinstance(wanted, Scalar) and wanted.value is None):
            reading.error(wanted.span, "'dependencies' must be a list of roles")
        wanted = None
    return RoleMeta(path, wanted, truth(plain(main.get("allow_duplicates"))), words(main.get("collections")), specs)


def validation(
    context: Context, around: Around, place: Place, meta: RoleMeta, entry: str, params: Mapping[str, Any], span: Span
) -> tuple[Task, ...]:
    """The task that checks the arguments of an entry point, before all others of the role; none if there is nothing
    specified. `params` are the role's inline variables."""
    spec = (meta.specs or {}).get(entry)
    role = around.role
    if not isinstance(spec, Mapping) or not spec or role is None:
        return ()
    name = f"Validating arguments against arg spec '{entry}'"
    if "short_description" in spec:
        text = f"{name} - {spec['short_description']}"
        name = Template(text, span) if isinstance(spec["short_description"], Template) else text
    about = {"type": "role", "name": role.short_name, "argument_spec_name": entry, "path": role.path}
    args = {
        "argument_spec": spec.get("options") or {},
        "provided_arguments": params,
        "validate_args_context": about,
    }
    task = Task(
        id=context.new_id(f"{place.key}/{entry}", MODULE, role.path),
        name=name,
        action=f"ansible.builtin.{MODULE}",
        module=MODULE,
        args=args,
        span=span,
        directives=around.directives,
        vars=around.vars,
        when=around.when,
        notify=around.notify,
        tags=around.tags | {"always"},
        delegate_to=around.delegate_to,
        delegate_facts=around.delegate_facts,
        role=role,
        include_params=around.include_params,
    )
    return (task,)


def truth(value: Any) -> bool:
    """A yes or no as written; what is neither is no."""
    try:
        return value is not None and to_bool(value)
    except ArgumentError:
        return False
