"""Tests of insights/analysis/vocabulary."""
