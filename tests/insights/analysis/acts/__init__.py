"""Tests of insights/analysis/acts."""
