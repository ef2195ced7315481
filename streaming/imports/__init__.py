"""Imports of recordings: a file to recognised turns, and the job that stores them."""
