"""The benchmark's one URL: what a server holds of past sessions."""

from django.urls import path

from tests.bench.site.session_counts import left

urlpatterns = [path("bench/left", left)]
