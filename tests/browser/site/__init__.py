"""A Django app with the streams behind the pages of the browser tests."""
