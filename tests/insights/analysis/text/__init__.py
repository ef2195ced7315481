"""Tests of insights/analysis/text."""
