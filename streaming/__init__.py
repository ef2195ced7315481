"""Whatever has audio in it: transports, the session engine, hearing, the wire."""
