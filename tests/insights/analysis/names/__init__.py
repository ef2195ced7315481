"""Tests of insights/analysis/names."""
