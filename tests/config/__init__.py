"""Tests of config: settings, the server, the commands."""
