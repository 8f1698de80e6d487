"""Become methods, one file each: how a shell is started as another user, and why it may be refused."""
