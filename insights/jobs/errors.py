"""How a job ends early, and why a job cannot be enqueued."""


class Failed(Exception):
    """Raised by a handler: the job has failed for a reason that people can read, and is not tried again."""


class Interrupted(BaseException):
    """Raised by `RunningJob.progress`: the handler must end now. Like asyncio.CancelledError it is no Exception."""


class Cancelled(Interrupted):
    """Somebody cancelled the job; it counts as failed. What it made may be removed."""


class Stopping(Interrupted):
    """The worker ends; the job starts again in another one. What it made is kept."""


class ClaimLost(Interrupted):
    """Another worker has the job, since heartbeats of this one were late, or the job was deleted. Nothing more may be stored."""


class TooManyJobs(Exception):
    """The account has as many unfinished jobs as the setting MAX_JOBS_PER_ACCOUNT allows."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"This API has a limit of maximum of {most} number of concurrent jobs per account. "
            "Wait until one of your jobs has ended, or cancel one, and try again."
        )


class UnknownJobKind(Exception):
    """No handler is registered for this kind of job."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"no handler is registered for jobs of the kind {kind!r}")
