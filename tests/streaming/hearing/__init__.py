"""Tests of streaming/hearing: from chunks to hypotheses."""
