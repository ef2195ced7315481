"""Attacks on a running server: scripts that measure their effect on other clients. Run `python -m tests.attacks.NAME --server
daphne|uvicorn`. pytest does not collect them. They use public URLs only, so that a copy also runs in an older checkout."""
