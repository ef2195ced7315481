"""Stored conversations and the analysis of their text: recording, queries, REST API, pages and admin."""
