"""The REST API of stored conversations, one module per resource."""
