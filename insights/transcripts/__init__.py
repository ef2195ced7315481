"""Transcripts of a conversation in several formats, for the API and for downloads. One module per format."""
