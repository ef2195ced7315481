"""Tests of the readings: spoken sentences, and the figures on what was heard of them."""
