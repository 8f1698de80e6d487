"""Tests of saved plans."""
