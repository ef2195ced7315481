"""Dialogue acts: questions, action items and follow-ups, who acts and by when."""
