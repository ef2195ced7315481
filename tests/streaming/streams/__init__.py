"""The built-in streams, each through a session without a network."""
