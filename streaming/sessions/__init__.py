"""Live sessions: one client's connection to a stream, its handler, its audio in and out, and its end."""
