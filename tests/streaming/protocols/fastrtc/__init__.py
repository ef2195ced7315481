"""The FastRTC protocol: the clients' messages, the server's messages, bodies of offers and hooks, server-sent events."""
