"""Commands of the insights wing."""
