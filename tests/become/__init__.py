"""Tests of runner/become."""
