"""Dialogue acts: questions, action items and follow-ups, their assignees and due dates."""
