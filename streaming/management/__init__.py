"""Commands of the streaming wing."""
