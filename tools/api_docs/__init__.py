"""docs/api.md: every call of the REST API with its curl command and its response, from a running server."""
