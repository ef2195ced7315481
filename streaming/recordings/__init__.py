"""Stored audio: recorded beside the recognition, put into the storage, and read again on the clock of its conversation."""
