"""Tests of the REST API, one file per resource."""
