"""The management commands of the streaming app."""
