"""The scripts of the pages, one at a time, in a real browser."""
