"""Tests of runner/transports."""
