"""Speech to text: encoded audio in, interim and final hypotheses out. Independent of the network and of Django."""
