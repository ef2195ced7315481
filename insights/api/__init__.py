"""The REST API over stored conversations, one module per resource."""
