"""The analysis of languages other than English: by rules, not by a trained model. docs/develop/languages.md has what it finds."""
