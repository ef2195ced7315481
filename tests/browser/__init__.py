"""Tests in a real Chromium: the pages' scripts alone, and the live page with a real server."""
