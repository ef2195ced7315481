"""What keeps a live session alive: mailboxes, sessions, the registry, the fan-out."""
