"""An app's own kind of insight, as a developer adds one; servers for tests run with it."""
