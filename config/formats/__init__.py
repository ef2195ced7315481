"""Formats of dates by language (`FORMAT_MODULE_PATH`). The names of our own pages are those of Django, and LONG_DATETIME_FORMAT."""
