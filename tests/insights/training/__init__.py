"""Tests of insights/training."""
