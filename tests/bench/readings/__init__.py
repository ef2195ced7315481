"""Sentences read aloud by synthesisers, and what our recogniser wrote: the speech that insights and vocabulary are measured on.

`python -m tests.bench.readings.make` makes the readings anew; `python -m tests.bench.readings.figures` computes every figure of
docs/develop/insights-on-transcripts.md from the transcripts that are kept here, in seconds and without any sound.
"""
