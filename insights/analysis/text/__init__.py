"""Text basics: tokens, sentences, word lists, document frequencies."""
