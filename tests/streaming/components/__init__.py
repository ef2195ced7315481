"""Tests of the components of stream pages."""
