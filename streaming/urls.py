"""HTTP routes of the streaming wing."""

from django.urls import path

from streaming.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
