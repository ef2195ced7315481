"""Attacks on a running server, as scripts that print figures: `python -m tests.attacks.<name>`. Not run by pytest."""
