"""Text analysis: text in, insights out. No Django and no I/O apart from loading the shipped weights and word lists."""

from insights.analysis.benchmark_rows import assign, detect, extract
from insights.analysis.pipeline import CONTEXT, FLOOR, analyse
from insights.analysis.sentiment import polarity
from insights.analysis.summary import summarise
from insights.analysis.text.sentences import Sentence, sentences
from insights.analysis.topics import Topic, TopicIndex
from insights.analysis.trackers import Tracker, TrackerHit, TrackerIndex
from insights.analysis.types import Finding, FoundEntity, MessageAnalysis, Person, Said
from insights.analysis.vocabulary.correction import Correction, Vocabulary

__all__ = [
    "CONTEXT",
    "FLOOR",
    "Correction",
    "FoundEntity",
    "Finding",
    "MessageAnalysis",
    "Person",
    "Said",
    "Sentence",
    "Topic",
    "TopicIndex",
    "Tracker",
    "TrackerHit",
    "TrackerIndex",
    "Vocabulary",
    "analyse",
    "assign",
    "detect",
    "extract",
    "polarity",
    "sentences",
    "summarise",
]
