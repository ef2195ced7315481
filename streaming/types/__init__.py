"""Values that sessions, handlers, cluster and transports share."""
