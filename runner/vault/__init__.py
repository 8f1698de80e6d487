"""Ansible Vault: the format of encrypted data, its cipher, the secrets that open it, and what was found inside."""
