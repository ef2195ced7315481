"""Training of the shipped weights. Never imported at run time."""
