"""One file per recogniser behind the interface of base.py."""
