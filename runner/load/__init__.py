"""The edge that reads the user's files: playbooks, roles, inventories and variables, with every mistake collected."""
