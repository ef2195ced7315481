"""The FastRTC wire: what clients say, what they are told, offers' and hooks' bodies, server-sent events."""
