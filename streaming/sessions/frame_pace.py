"""The frame rate of video that a handler makes: as `fps` says on average, however fast it makes frames."""


class FramePace:
    """Says when the next frame may be requested. Times are in seconds, monotonic.

    Args:
        fps: frames per second; 0: no limit.
        early: frames that may come before their time. The frames of a camera arrive unevenly; a handler that passes them on would
            otherwise keep each delay for good, as they do not arrive more slowly than they are sent.
    """

    def __init__(self, fps: float, early: int = 1) -> None:
        self._interval_s = 1 / fps if fps > 0 else 0.0
        self._early_s = early * self._interval_s
        self._due = float("-inf")

    def delay_s(self, now: float) -> float:
        """Return how long to wait after a frame at this time before the next one is requested."""
        self._due = max(self._due, now - self._early_s) + self._interval_s
        return max(0.0, self._due - now)
