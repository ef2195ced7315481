"""The job that computes the vectors of messages, for the search by meaning. It does nothing where its packages are not installed."""

from insights import recorder
from insights.analysis.embedding import encoder
from insights.database import release_connection
from insights.jobs.handlers import handler
from insights.jobs.running import RunningJob
from insights.queries import messages_without_vector

EVERY_S = 20.0
"""Seconds between two runs: so long a new message may be missing in the search by meaning."""
BATCH = 64
MOST = 2000
"""Messages of one run, so that other jobs of the worker get their turn."""


@handler("vectors", every_s=EVERY_S)
def compute_vectors(job: RunningJob) -> None:
    """Compute and store the vectors of messages that have none."""
    model = encoder()
    if model is None:
        job.again_s = 3600.0
        return
    waiting = messages_without_vector(MOST)
    for first in range(0, len(waiting), BATCH):
        batch = waiting[first : first + BATCH]
        release_connection()  # the model takes a second
        recorder.store_vectors(batch, model.encode([one.text for one in batch]))
        job.check()
    job.again_s = 1.0 if len(waiting) == MOST else EVERY_S
