"""Scripts of the Makefile. They need no installed package but those of the development requirements."""
