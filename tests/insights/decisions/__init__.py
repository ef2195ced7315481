"""An app's own insight kind, as a developer adds one; test servers run with it."""
