"""Speech to text: encoded audio in, interim and final results out. Independent of the network and of Django."""
