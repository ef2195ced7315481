"""Basics of text processing: tokens, sentences, word lists, document frequencies."""
