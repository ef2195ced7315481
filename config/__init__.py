"""The switchboard: settings, URLs and the ASGI entry point. Every other room may be unaware of it."""
