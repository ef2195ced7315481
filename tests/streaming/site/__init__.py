"""A Django app with streams of its own, as a developer writes one; servers for tests run with it."""
