"""The one route of the bench's own: what a server still holds of the sessions it had."""

from django.urls import path

from tests.bench.site.counted import left

urlpatterns = [path("bench/left", left)]
