"""Tests of insights/analysis."""
