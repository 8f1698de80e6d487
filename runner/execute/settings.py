"""How a step reaches its host and whom it runs as: connection variables, keywords and options, rendered.

Variables win against keywords, keywords against the command line, as in
https://docs.ansible.com/ansible/latest/reference_appendices/general_precedence.html
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from runner import registry
from runner.arguments import ArgumentError, to_bool
from runner.errors import StepError
from runner.execute.scope import StepScope
from runner.execute.signals import NeedsFacts
from runner.execute.world import World
from runner.model.call import Become, Target
from runner.model.playbook import Directives
from runner.model.values import OMIT, Decrypted, Secret, Unknown, UnknownReached

_PLAIN = frozenset({str, Decrypted, int, bool, float, type(None)})
_UNSAFE = frozenset("'\"`$\\;&<>|(){}")


class Settings:
    """Reads one step's settings from its scope and directives. `constant`: so far no template had a part in them.

    `keywords` is the scope that the directives are rendered with, if it is another one (the step is delegated).
    """

    def __init__(
        self, world: World, scope: StepScope, directives: Directives, keywords: StepScope | None = None
    ) -> None:
        self._world = world
        self._scope = scope
        self._keywords = keywords or scope
        self._directives = directives
        self.constant = True

    def variable(self, *names: str) -> Any:
        """The first of these variables that is defined, rendered; None if none is."""
        for name in names:
            try:
                raw = self._scope.raw(name)
            except (KeyError, NeedsFacts):
                # A setting that nobody made is not worth gathering facts for: facts never set how a host is reached.
                continue
            value = self._render(raw, self._scope)
            if value is not None and value is not OMIT:
                return value
        return None

    def _render(self, raw: Any, scope: StepScope) -> Any:
        if type(raw) in _PLAIN:
            return raw
        self.constant = False
        return self._world.templar.render(raw, scope)

    def directive(self, name: str) -> Any:
        """A keyword's value, rendered; None if it is not set."""
        value = self._render(getattr(self._directives, name), self._keywords)
        return None if value is OMIT else value

    def flag(self, name: str) -> bool:
        """A yes/no keyword; raises StepError if it is something else."""
        value = self.directive(name)
        return value is not None and _bool(value, name)

    def given_flag(self, raw: Any, name: str) -> bool:
        """The same for a keyword's value that is not among the directives."""
        value = self._render(raw, self._keywords)
        return value is not None and value is not OMIT and _bool(value, name)

    def given_number(self, raw: Any, name: str) -> float | None:
        """A number that is not among the directives, 0 at least; None if there is none. Raises StepError."""
        value = self._render(raw, self._keywords)
        if value is None or value is OMIT or value == "":
            return None
        if isinstance(value, Unknown):
            raise UnknownReached(value)
        try:
            return max(0.0, float(value))
        except (TypeError, ValueError):
            raise StepError(f"{name}: {value!r} is not a number") from None

    def text(self, name: str, *variables: str) -> str | None:
        """A text setting: variables win against the keyword `name`."""
        value = self.variable(*variables)
        if value is None and name:
            value = self.directive(name)
        return None if value is None or value == "" else str(value)

    def environment(self) -> dict[str, str]:
        """`environment:` of play, blocks and task, the inner winning; null values are left out."""
        merged: dict[str, str] = {}
        for raw in self._directives.environment:
            layer = self._world.templar.render(raw, self._keywords)
            if layer is None or layer is OMIT:
                continue
            if isinstance(layer, Unknown):
                raise UnknownReached(layer)
            if not isinstance(layer, Mapping):
                raise StepError(f"environment must be a mapping, got {type(layer).__name__}")
            merged.update({str(key): str(value) for key, value in layer.items() if value not in (None, OMIT)})
        for key in merged:
            if not key.replace("_", "a").isalnum() or key[:1].isdigit():
                raise StepError(f"environment: {key!r} is not a name that a shell can export")
        return merged

    def become(self) -> Become | None:
        """Whom the step runs as, or None for the login user."""
        options = self._world.options
        wanted = self.variable("ansible_become")
        if wanted is None:
            wanted = self.directive("become")
        if not (options.become if wanted is None else _bool(wanted, "become")):
            return None
        method = self.text("become_method", "ansible_become_method") or options.become_method or "sudo"
        method = _known("become", method)
        user = self.text("become_user", "ansible_become_user") or options.become_user or "root"
        password = self.variable(
            "ansible_become_password", "ansible_become_pass", f"ansible_{method}_password", f"ansible_{method}_pass"
        )
        return Become(
            method,
            _safe(user, "become_user"),
            self._secret(password) if password is not None else options.become_password,
            self.text("become_exe", "ansible_become_exe") or options.settings.become_exe,
            self.text("become_flags", "ansible_become_flags") or options.settings.become_flags,
        )

    def target(self, host: str) -> Target:
        """How the host is reached."""
        options = self._world.options
        transport = self.text("connection", "ansible_connection") or options.connection or "ssh"
        port = self.variable("ansible_port", "ansible_ssh_port")
        password = self.variable("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")
        passphrase = self.variable("ansible_private_key_passphrase", "ansible_ssh_private_key_passphrase")
        checking = self.variable("ansible_host_key_checking", "ansible_ssh_host_key_checking")
        timeout = self.variable("ansible_timeout", "ansible_ssh_timeout", "ansible_connection_timeout")
        key = self.text("", "ansible_ssh_private_key_file", "ansible_private_key_file") or options.private_key
        user = self.text("remote_user", "ansible_user", "ansible_ssh_user") or options.user
        return Target(
            host,
            _known("transports", transport),
            _safe(self.text("", "ansible_host", "ansible_ssh_host") or host, "ansible_host"),
            _number(port, "ansible_port") if port is not None else self._port(),
            _safe(user, "user") if user else None,
            self._secret(password) if password is not None else options.connection_password,
            key,
            self._secret(passphrase) if passphrase is not None else None,
            self._ssh_args(),
            options.settings.host_key_checking if checking is None else _bool(checking, "ansible_host_key_checking"),
            _seconds(timeout) if timeout is not None else options.timeout_s or 10.0,
            self.text("", "ansible_shell_executable") or options.settings.executable,
        )

    def _port(self) -> int | None:
        given = _number(self.directive("port"), "port")
        return self._world.options.settings.remote_port if given is None else given

    def _ssh_args(self) -> tuple[str, ...]:
        options = self._world.options
        texts = (
            self.text("", "ansible_ssh_args") or options.settings.ssh_args,
            self.text("", "ansible_ssh_common_args") or options.ssh_common_args,
            self.text("", "ansible_ssh_extra_args") or options.ssh_extra_args,
        )
        try:
            return tuple(word for text in texts if text for word in shlex.split(text))
        except ValueError as error:
            raise StepError(f"ssh arguments cannot be split into words: {error}") from None

    def _secret(self, value: Any) -> Secret:
        text = str(value)
        self._world.secret(text)
        return Secret(text)


def _known(room: str, name: str) -> str:
    """Our name of a connection or become method. Raises StepError when there is none."""
    if not registry.known(room, name):
        raise StepError(registry.missing(room, name))
    return registry.own(room, name)


def _safe(text: str, what: str) -> str:
    """Names that could turn into options or shell words never leave the controller (CVE-2023-51385 and its like)."""
    if text.startswith("-") or any(c in _UNSAFE or c.isspace() or ord(c) < 32 for c in text):
        raise StepError(f"{what} {text!r} has characters that no host or user name has")
    return text


def _bool(value: Any, name: str) -> bool:
    if isinstance(value, Unknown):
        raise UnknownReached(value)
    try:
        return to_bool(value)
    except ArgumentError as error:
        raise StepError(f"{name}: {error}") from None


def _number(value: Any, name: str) -> int | None:
    if value is None or value == "":
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise StepError(f"{name}: {value!r} is not a number") from None


def _seconds(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not 0 < number < float("inf"):
        raise StepError(f"ansible_timeout: {value!r} is not a duration in seconds")
    return number
