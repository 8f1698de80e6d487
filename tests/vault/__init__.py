"""Tests of `runner/vault` and of `pbrun vault`."""
