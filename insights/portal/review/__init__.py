"""The review queue for reviewers: the queue, its figures, and the export as training data."""
