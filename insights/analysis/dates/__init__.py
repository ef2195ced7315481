"""Dates, times and periods in a message, as entities with values."""
