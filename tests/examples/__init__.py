"""The programs in examples/, with real clients."""
