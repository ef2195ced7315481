"""Tests of streaming/speech: from chunks to results."""
