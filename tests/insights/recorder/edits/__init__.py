"""Tests of edits by people."""
