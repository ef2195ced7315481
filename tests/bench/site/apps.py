"""The app of the benchmark's streams."""

import os

from django.apps import AppConfig


class BenchSite(AppConfig):
    """Turns off the optimisation that BENCH_WITHOUT names, if any."""

    name = "tests.bench.site"
    label = "bench_site"

    def ready(self) -> None:
        """Replace the optimisation before the first session."""
        from tests.bench.site.without import WITHOUT

        if name := os.environ.get("BENCH_WITHOUT"):
            WITHOUT[name]()
