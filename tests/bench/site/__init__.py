"""A Django app with streams that are there to be measured. Installed only where `tests.bench.site.settings` are the settings."""
