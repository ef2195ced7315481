"""Attacks on a running server, each a script that prints what the attack costs others: `python -m tests.attacks.NAME --server daphne|uvicorn`.

Not collected by pytest. They use public addresses only, so that a copy in an older checkout measures that one.
"""
