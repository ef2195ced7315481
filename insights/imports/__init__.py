"""Imports of text, audio and video: options, and the files that wait for their job.

The jobs are in `insights/jobs` (text) and `streaming/imports` (audio and video).
"""
