"""The one table of settings: what each is called in ansible.cfg, the environment and pbrun.toml, and its default.

Each field of `Settings` is a row, and its name is its key in pbrun.toml. Names and meanings are those of
https://docs.ansible.com/ansible/latest/reference_appendices/config.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from functools import cache
from typing import Any, Final, Literal, TypeVar, cast

from runner.model.quick import dataclass

T = TypeVar("T")
# path: one path; pathspec: paths with `:` between them; pathlist: paths with `,`; list: words with `,`.
SettingKind = Literal["bool", "int", "float", "str", "path", "pathspec", "pathlist", "list"]
# used: it changes what pbrun does; accepted: nothing here needs it; warned: the user is told that it has no effect;
# refused: only the default can be had, and silence would mislead.
Use = Literal["used", "accepted", "warned", "refused"]


@dataclass(frozen=True, slots=True)
class Row:
    """One setting. `ini`: its places in ansible.cfg as `section.key`; `env`: its variables; of several the last that is
    set wins. `ansible` is its name there, as `lookup('config', …)` wants it."""

    name: str
    kind: SettingKind
    default: Any
    doc: str
    ansible: str = ""
    ini: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    use: Use = "used"


def _row(
    default: T, kind: SettingKind, doc: str, *, ansible: str = "", ini: str = "", env: str = "", choices: str = ""
) -> T:
    """A field of `Settings`. Not given, `ini` is its name in `[defaults]`, `env` ANSIBLE_ and its name, and `ansible`
    DEFAULT_ and its name; `-` is none. Several are words."""
    given = {"kind": kind, "doc": doc, "ansible": ansible, "ini": ini, "env": env, "choices": choices}
    made: Any = field(default=default, metadata=given)
    return cast(T, made)


@dataclass(frozen=True, slots=True)
class Settings:
    """What configuration files and the environment say. Durations in seconds; paths are absolute.

    `origins` says for each setting that somebody made where: a file, or `env:` and a variable. `others` are those
    without effect here, as text. `files` are the files read and their sha256; `ansible_cfg` is Ansible's among them.
    """

    inventory: tuple[str, ...] = _row(("/etc/ansible/hosts",), "pathlist", "as -i", ansible="DEFAULT_HOST_LIST")
    roles_path: tuple[str, ...] = _row(
        ("~/.ansible/roles", "/usr/share/ansible/roles", "/etc/ansible/roles"), "pathspec", "folders of roles"
    )
    collections_path: tuple[str, ...] = _row(
        ("~/.ansible/collections", "/usr/share/ansible/collections"),
        "pathspec",
        "folders of collections",
        ansible="COLLECTIONS_PATHS",
        ini="defaults.collections_paths defaults.collections_path",
        env="ANSIBLE_COLLECTIONS_PATHS ANSIBLE_COLLECTIONS_PATH",
    )
    filter_plugins: tuple[str, ...] = _row(
        (), "pathspec", "folders of filter plug-ins", ansible="DEFAULT_FILTER_PLUGIN_PATH"
    )
    test_plugins: tuple[str, ...] = _row((), "pathspec", "folders of test plug-ins", ansible="DEFAULT_TEST_PLUGIN_PATH")
    lookup_plugins: tuple[str, ...] = _row(
        (), "pathspec", "folders of lookup plug-ins", ansible="DEFAULT_LOOKUP_PLUGIN_PATH"
    )
    library: tuple[str, ...] = _row((), "pathspec", "folders of modules", ansible="DEFAULT_MODULE_PATH")
    run_tags: tuple[str, ...] = _row((), "list", "as --tags", ansible="TAGS_RUN", ini="tags.run")
    skip_tags: tuple[str, ...] = _row((), "list", "as --skip-tags", ansible="TAGS_SKIP", ini="tags.skip")
    strategy: str = _row("linear", "str", "of plays that name none")
    forks: int = _row(50, "int", "hosts worked on at the same time")
    playbook_dir: str | None = _row(
        None, "path", "the playbook's folder for commands without one", ansible="PLAYBOOK_DIR"
    )

    inventory_ignore_extensions: tuple[str, ...] = _row(
        (),
        "list",
        "endings of files left out in a folder of inventories",
        ansible="INVENTORY_IGNORE_EXTS",
        ini="defaults.inventory_ignore_extensions inventory.ignore_extensions",
        env="ANSIBLE_INVENTORY_IGNORE",
    )
    inventory_ignore_patterns: tuple[str, ...] = _row(
        (),
        "list",
        "regular expressions of names left out there",
        ansible="INVENTORY_IGNORE_PATTERNS",
        ini="defaults.inventory_ignore_patterns inventory.ignore_patterns",
        env="ANSIBLE_INVENTORY_IGNORE_REGEX",
    )
    inventory_unparsed_failed: bool = _row(
        False,
        "bool",
        "no inventory at all is a mistake",
        ansible="INVENTORY_UNPARSED_IS_FAILED",
        ini="inventory.unparsed_is_failed",
    )
    inventory_unparsed_warning: bool = _row(
        True,
        "bool",
        "… or else worth a warning",
        ansible="INVENTORY_UNPARSED_WARNING",
        ini="inventory.inventory_unparsed_warning",
    )
    host_pattern_mismatch: str = _row(
        "warning",
        "str",
        "what a pattern is that matches no host",
        ansible="HOST_PATTERN_MISMATCH",
        ini="inventory.host_pattern_mismatch",
        choices="error warning ignore",
    )
    inventory_export: bool = _row(
        False, "bool", "as `pbrun inventory --export`", ansible="INVENTORY_EXPORT", ini="inventory.export"
    )

    remote_user: str | None = _row(None, "str", "the login user")
    remote_port: int | None = _row(None, "int", "the SSH port")
    private_key_file: str | None = _row(None, "path", "the key to log in with")
    transport: str = _row("ssh", "str", "the connection to use")
    timeout: float = _row(
        10,
        "float",
        "seconds to connect in",
        ini="defaults.timeout ssh_connection.timeout",
        env="ANSIBLE_TIMEOUT ANSIBLE_SSH_TIMEOUT",
    )
    host_key_checking: bool = _row(
        True,
        "bool",
        "host keys must be known",
        ansible="HOST_KEY_CHECKING",
        ini="defaults.host_key_checking ssh_connection.host_key_checking",
        env="ANSIBLE_HOST_KEY_CHECKING ANSIBLE_SSH_HOST_KEY_CHECKING",
    )
    ssh_args: str = _row("", "str", "arguments as ssh takes them", ansible="-", ini="ssh_connection.ssh_args")
    ssh_common_args: str = _row("", "str", "more of them", ansible="-", ini="ssh_connection.ssh_common_args")
    ssh_extra_args: str = _row("", "str", "more of them", ansible="-", ini="ssh_connection.ssh_extra_args")
    executable: str = _row("/bin/sh", "str", "the shell on hosts")
    ask_pass: bool = _row(False, "bool", "as --ask-pass")
    connection_password_file: str | None = _row(
        None, "path", "as --connection-password-file", ansible="CONNECTION_PASSWORD_FILE"
    )

    become: bool = _row(False, "bool", "as --become", ini="privilege_escalation.become")
    become_method: str = _row("sudo", "str", "how to become another user", ini="privilege_escalation.become_method")
    become_user: str = _row("root", "str", "whom to become", ini="privilege_escalation.become_user")
    become_exe: str | None = _row(None, "str", "the program for it", ini="privilege_escalation.become_exe")
    become_flags: str | None = _row(None, "str", "its flags", ini="privilege_escalation.become_flags")
    become_ask_pass: bool = _row(False, "bool", "as --ask-become-pass", ini="privilege_escalation.become_ask_pass")
    become_password_file: str | None = _row(None, "path", "as --become-password-file", ansible="BECOME_PASSWORD_FILE")

    vault_password_file: str | None = _row(None, "path", "a file with a vault password, or a script that prints it")
    vault_identity_list: tuple[str, ...] = _row((), "list", "several of them, as ID@FILE")
    vault_identity: str = _row("default", "str", "the id of a password given without one")
    vault_encrypt_identity: str | None = _row(None, "str", "the id to encrypt with")
    vault_encrypt_salt: str | None = _row(None, "str", "the salt to encrypt with", ansible="VAULT_ENCRYPT_SALT")
    vault_id_match: bool = _row(False, "bool", "only the password of the id that a text names is tried")
    ask_vault_pass: bool = _row(False, "bool", "ask for a vault password")

    gathering: str = _row(
        "implicit", "str", "whether plays that do not say so gather facts", choices="implicit explicit smart"
    )
    force_handlers: bool = _row(False, "bool", "as --force-handlers")
    any_errors_fatal: bool = _row(
        False, "bool", "a failure on one host ends the play for all", ansible="ANY_ERRORS_FATAL"
    )
    task_timeout: int = _row(0, "int", "seconds a task may take (0: no limit)", ansible="TASK_TIMEOUT")
    no_log: bool = _row(False, "bool", "results are hidden unless a task says no_log: false")
    ansible_managed: str = _row("Ansible managed", "str", "the variable's text", ansible="DEFAULT_MANAGED_STR", env="-")
    duplicate_dict_key: str = _row(
        "warn",
        "str",
        "what a key is that stands twice in a mapping",
        ansible="DUPLICATE_YAML_DICT_KEY",
        env="ANSIBLE_DUPLICATE_YAML_DICT_KEY",
        choices="error warn ignore",
    )

    stdout_callback: str = _row("default", "str", "json is --output json; every other one is what pbrun shows")
    display_skipped_hosts: bool = _row(True, "bool", "show skipped tasks", ansible="DISPLAY_SKIPPED_HOSTS")
    display_ok_hosts: bool = _row(True, "bool", "show tasks that changed nothing", ansible="-")
    show_custom_stats: bool = _row(False, "bool", "show what set_stats kept", ansible="SHOW_CUSTOM_STATS")
    inject_facts_as_vars: bool = _row(
        True, "bool", "facts are variables, too", ansible="INJECT_FACTS_AS_VARS", env="ANSIBLE_INJECT_FACT_VARS"
    )
    nocolor: bool = _row(False, "bool", "no colours", ansible="ANSIBLE_NOCOLOR")
    force_color: bool = _row(False, "bool", "colours wherever output goes", ansible="ANSIBLE_FORCE_COLOR")
    diff_always: bool = _row(False, "bool", "as --diff", ansible="DIFF_ALWAYS", ini="diff.always")
    diff_context: int = _row(3, "int", "lines around a difference", ansible="DIFF_CONTEXT", ini="diff.context")
    verbosity: int = _row(0, "int", "as -v, so many times")

    output: str | None = _row(None, "str", "as --output", ansible="-", ini="-", env="-", choices="live plain json")
    log: str | None = _row(None, "path", "as --log", ansible="-", ini="-", env="-")
    engine: str = _row("threads", "str", "as --engine", ansible="-", ini="-", env="-")
    strict: bool = _row(False, "bool", "as --strict", ansible="-", ini="-", env="-")

    origins: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    ansible_cfg: str | None = None


# Settings of Ansible that have no effect here, by their place in ansible.cfg.
_PLACES: Final = """
    defaults.allow_world_readable_tmpfiles defaults.callback_result_format defaults.callback_plugins
    defaults.callback_whitelist defaults.callbacks_enabled defaults.check_mode_markers defaults.command_warnings
    defaults.cow_selection defaults.deprecation_warnings defaults.display_args_to_stdout defaults.display_failed_stderr
    defaults.error_on_undefined_vars defaults.fact_caching_connection defaults.fact_caching_prefix
    defaults.fact_caching_timeout defaults.force_valid_group_names defaults.gather_subset defaults.gather_timeout
    defaults.home defaults.internal_poll_interval defaults.interpreter_python defaults.inventory_plugins
    defaults.jinja2_native defaults.local_tmp defaults.localhost_warning defaults.module_name defaults.nocows
    defaults.pipelining defaults.remote_tmp defaults.retry_files_enabled defaults.retry_files_save_path
    defaults.show_task_path_on_failure defaults.system_warnings inventory.enable_plugins
    privilege_escalation.agnostic_become_prompt privilege_escalation.become_allow_same_user ssh_connection.control_path
    ssh_connection.control_path_dir ssh_connection.pipelining ssh_connection.retries ssh_connection.scp_extra_args
    ssh_connection.scp_if_ssh ssh_connection.sftp_batch_mode ssh_connection.sftp_extra_args
    ssh_connection.ssh_executable ssh_connection.transfer_method ssh_connection.usetty
""".split()
# Those whose absence somebody could miss: the variable, the default, and what to say about any other value.
_WARNED: Final = {
    "action_plugins": ("ANSIBLE_ACTION_PLUGINS", "", "action plug-ins of your own are not used"),
    "fact_caching": ("ANSIBLE_CACHE_PLUGIN", "memory", "facts are not kept between runs"),
    "log_path": ("ANSIBLE_LOG_PATH", "", "pbrun writes a log of its own (see --log)"),
    "vars_plugins": ("ANSIBLE_VARS_PLUGINS", "", "plug-ins for variables are not used"),
}
_REFUSED: Final = {
    "hash_behaviour": (
        "ANSIBLE_HASH_BEHAVIOUR",
        "replace",
        "mappings are replaced, never merged; the filter `combine` merges them where that is meant",
    ),
    "jinja2_extensions": ("ANSIBLE_JINJA2_EXTENSIONS", "", "templates can have no extensions"),
    "precedence": ("ANSIBLE_PRECEDENCE", "", "the order of precedence is Ansible's own"),
    "private_role_vars": ("ANSIBLE_PRIVATE_ROLE_VARS", "False", "the rest of a play sees variables of roles"),
}


@cache
def used_rows() -> tuple[Row, ...]:
    """The rows that are fields of `Settings`, in order."""
    return tuple(_made(one.name, one.default, one.metadata) for one in fields(Settings) if one.metadata)


@cache
def rows() -> tuple[Row, ...]:
    """Every row: those that are fields of `Settings`, and those without effect."""
    accepted = [Row(place.removeprefix("defaults."), "str", "", "", ini=(place,), use="accepted") for place in _PLACES]
    return (*used_rows(), *accepted, *_others(_WARNED, "warned"), *_others(_REFUSED, "refused"))


def _made(name: str, default: Any, given: Mapping[str, Any]) -> Row:
    def words(key: str, usual: str) -> tuple[str, ...]:
        text: str = given[key] or usual
        return () if text == "-" else tuple(text.split())

    ansible = "".join(words("ansible", f"DEFAULT_{name.upper()}"))
    ini, env = words("ini", f"defaults.{name}"), words("env", f"ANSIBLE_{name.upper()}")
    return Row(name, given["kind"], default, given["doc"], ansible, ini, env, tuple(given["choices"].split()))


def _others(table: Mapping[str, tuple[str, str, str]], use: Use) -> list[Row]:
    return [
        Row(name, "str", default, doc, ini=(f"defaults.{name}",), env=(env,), use=use)
        for name, (env, default, doc) in table.items()
    ]
