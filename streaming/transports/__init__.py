"""Doors: bytes in and out, who may come in, nothing else."""
