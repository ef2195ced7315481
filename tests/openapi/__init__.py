"""Schemathesis on every call of the REST API."""
