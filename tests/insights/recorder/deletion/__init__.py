"""Tests of deletion, redaction of stored text, and retention."""
