"""Stands in for `ansible.errors`: the exceptions that plug-ins raise.

Source: https://docs.ansible.com/ansible/latest/dev_guide/developing_plugins.html#raising-errors
"""

from __future__ import annotations

from typing import Any


class AnsibleError(Exception):
    """The root of what plug-ins raise; `str(error)` is for the user."""

    def __init__(self, message: Any = "", obj: Any = None, orig_exc: BaseException | None = None, **_more: Any) -> None:
        super().__init__(str(message))
        self.message = str(message)
        self.obj = obj
        self.orig_exc = orig_exc

    def __str__(self) -> str:
        cause = str(self.orig_exc or "")
        return f"{self.message}: {cause}" if cause and cause not in self.message else self.message


class AnsibleRuntimeError(AnsibleError):
    """Something went wrong during the run."""


class AnsibleTemplateError(AnsibleRuntimeError):
    """A template cannot be used."""


class AnsibleFilterError(AnsibleTemplateError):
    """A filter cannot do what it was asked."""


class AnsibleFilterTypeError(AnsibleTemplateError, TypeError):
    """A filter was given a value of the wrong type."""


class AnsibleLookupError(AnsibleRuntimeError):
    """A lookup found nothing, or not what it needs."""


class AnsibleUndefinedVariable(AnsibleTemplateError):
    """A variable that is needed is not there."""


class AnsibleParserError(AnsibleError):
    """A text cannot be read."""


class AnsibleOptionsError(AnsibleError):
    """An option is missing or wrong."""


class AnsibleRequiredOptionError(AnsibleOptionsError):
    """An option that is needed is missing."""


class AnsibleAssertionError(AnsibleError, AssertionError):
    """Something that must hold does not."""


class AnsibleTypeError(AnsibleRuntimeError, TypeError):
    """A value has the wrong type."""


class AnsibleInternalError(AnsibleError):
    """A fault of the plug-in itself."""


class AnsibleFileNotFound(AnsibleRuntimeError):
    """A file is not there."""

    def __init__(self, message: Any = "", file_name: Any = None, **more: Any) -> None:
        super().__init__(message or f"Could not find or access '{file_name}'", **more)


class AnsiblePluginError(AnsibleError):
    """A plug-in cannot be used."""


class AnsibleConnectionFailure(AnsibleRuntimeError):
    """A host cannot be reached."""
