"""A Django app with its own streams, as a developer writes one; servers for tests run with it."""
