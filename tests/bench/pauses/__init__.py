"""What tells the end of a sentence beside the words: the prosody, and a model of the sound."""
