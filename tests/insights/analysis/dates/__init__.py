"""Tests of insights/analysis/dates."""
