"""Whatever has words in it: stored conversations, what was found in them, reading and correcting them."""
