"""Communication between server processes: pub/sub, broadcast, RPC, the session directory, and heartbeats."""
