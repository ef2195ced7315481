"""Named entities: persons, organisations and places in a message."""
