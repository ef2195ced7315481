"""Logging of unexpected exceptions; the same as in `insights`."""

from insights.safe_log import MOST_FRAMES, error_location

__all__ = ["MOST_FRAMES", "error_location"]
