"""Frames in, interim and final hypotheses out; knows no network and no Django."""
