"""Pages below /settings/ where an account manages its trackers, vocabulary, entities, groups of conversations, webhooks and apps."""
