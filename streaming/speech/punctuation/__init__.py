"""Punctuation of recognised English: marks and capital letters from the words, the pauses and the recogniser's own marks. Pure."""
