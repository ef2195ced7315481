"""Persons, organisations and places in a message."""
