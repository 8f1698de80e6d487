"""Tests of runner/dispatch."""
