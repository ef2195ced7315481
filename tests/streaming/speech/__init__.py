"""Tests of streaming/speech: from chunks to hypotheses."""
