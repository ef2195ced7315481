"""Makes the weights of `streaming/speech`; never imported at run time."""
