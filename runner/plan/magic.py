"""Which `ansible_…` names are not facts: magic variables and settings of connections.

Source: https://docs.ansible.com/ansible/latest/reference_appendices/special_variables.html
"""

from __future__ import annotations

from typing import Final

MAGIC: Final = frozenset(
    """
    ansible_check_mode ansible_config_file ansible_dependent_role_names ansible_diff_mode ansible_failed_result
    ansible_failed_task ansible_forks ansible_index_var ansible_inventory_sources ansible_limit ansible_loop
    ansible_loop_var ansible_parent_role_names ansible_parent_role_paths ansible_play_batch ansible_play_hosts
    ansible_play_hosts_all ansible_play_name ansible_play_role_names ansible_playbook_python ansible_role_name
    ansible_role_names ansible_run_tags ansible_search_path ansible_skip_tags ansible_verbosity ansible_version
    ansible_managed ansible_delegated_vars ansible_included_var_files ansible_strategy ansible_job_id
    """.split()
)

# Magic variables that do without `ansible_` in front.
BARE: Final = frozenset(
    """
    environment group_names groups hostvars inventory_dir inventory_file inventory_hostname inventory_hostname_short
    omit play_hosts playbook_dir role_name role_names role_path vars
    """.split()
)

CONNECTION: Final = frozenset(
    """
    ansible_host ansible_port ansible_user ansible_connection ansible_password ansible_private_key_file
    ansible_private_key_passphrase
    ansible_timeout ansible_shell_type ansible_shell_executable ansible_python_interpreter ansible_pipelining
    ansible_remote_tmp ansible_executable ansible_scp_extra_args ansible_sftp_extra_args ansible_group_priority
    ansible_connection_timeout ansible_command_timeout ansible_host_key_checking ansible_async_dir
    ansible_facts_modules
    """.split()
)


def is_setting(name: str) -> bool:
    """Whether the name sets how a host is reached or who a step runs as."""
    if name.startswith(("ansible_ssh_", "ansible_become", "ansible_sudo", "ansible_su_")):
        return True
    # Every become method has a password of its own (`ansible_doas_password`).
    return name in CONNECTION or (name.startswith("ansible_") and name.endswith(("_password", "_pass")))


def is_fact_name(name: str) -> bool:
    """Whether a variable of this name, if nothing else defines it, is a fact of the host."""
    return name.startswith("ansible_") and name not in MAGIC and not is_setting(name)
