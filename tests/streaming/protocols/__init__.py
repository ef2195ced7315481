"""Tests of the protocols: one file for each message that a client sends or reads."""
