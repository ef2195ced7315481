"""Trains the punctuation model: what decides the marks of a recognised turn (`streaming/speech/punctuation`)."""
