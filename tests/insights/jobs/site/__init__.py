"""An app with kinds of jobs, for workers that are real processes."""
