"""Tests of the switchboard: settings, the server, the commands."""
