"""Sentences read by speech synthesisers with our recogniser's transcripts: the corpus for insights and vocabulary.

`python -m tests.bench.tts_corpus.make` recreates it; `python -m tests.bench.tts_corpus.figures` computes every figure of
docs/develop/insights-on-transcripts.md from the stored transcripts, in about half a minute and without audio.
"""
