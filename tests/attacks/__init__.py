"""Attacks on a running server. Each is a script that prints what the attack costs others.

`python -m tests.attacks.NAME --server daphne|uvicorn`. pytest does not collect them. They use public addresses only, so that a copy in
an older checkout measures that one.
"""
