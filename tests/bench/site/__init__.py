"""Django app with the benchmark's streams. Installed only by `tests.bench.site.settings`."""
