"""The conversation handler: audio of a speaker to stored results, and events to subscribers."""
