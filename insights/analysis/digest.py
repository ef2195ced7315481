"""What the minutes of a conversation need of its messages, collected message by message."""

from insights.analysis.decisions import says_decision
from insights.analysis.summary import Candidates

MOST_DECISIONS = 100
"""Maximum number of decisions; the first ones are kept."""


class Digest:
    """The candidates for the summary, and the decisions as message ids in order."""

    def __init__(self) -> None:
        self.candidates = Candidates()
        self.decisions: list[str] = []

    def __len__(self) -> int:
        """Return the number of messages that are kept."""
        return len(self.candidates) + len(self.decisions)

    def add(self, identity: str, text: str) -> None:
        """Add the next message of the conversation."""
        self.candidates.add(identity, text)
        if len(self.decisions) < MOST_DECISIONS and says_decision(text):
            self.decisions.append(identity)
