"""What plug-in files import from Ansible, as far as it needs nothing of Ansible itself; each file one of its names."""
