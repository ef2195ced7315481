"""Settings, URLs, servers and the ASGI entry point. Nothing else imports it, except for `config.env`."""
