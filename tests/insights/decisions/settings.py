"""The settings of the test site with one more kind of insight."""

from tests.streaming.site.settings import *  # noqa: F403

INSIGHT_KINDS = ["tests.insights.decisions.kinds.DECISION"]
