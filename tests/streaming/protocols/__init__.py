"""Tests of the wires: one file for each message a client sends or reads."""
