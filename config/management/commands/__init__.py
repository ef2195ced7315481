"""The commands `serve`, `setuplink` and `demo`."""
