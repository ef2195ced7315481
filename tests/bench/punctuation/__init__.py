"""Measures the punctuation model of `streaming/speech/punctuation`."""
