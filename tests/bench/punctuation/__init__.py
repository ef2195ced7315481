"""Trains and measures the punctuation model of `streaming/speech/punctuation`."""
