"""A Django app with streams that are there to be measured. Installed only where `config.bench.site.settings` are the settings."""
