"""Slow and failing jobs. What they do is written into files, so that a test sees it whatever happens to the process."""

import os
import time
from pathlib import Path

from insights import jobs


@jobs.handler("slow")
def slow(job: jobs.RunningJob) -> None:
    """Append the process to the file `path`, then work for `seconds`."""
    with Path(str(job.parameters["path"])).open("a") as file:
        file.write(f"{os.getpid()} {job.attempt}\n")
    seconds = float(str(job.parameters["seconds"]))
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        job.progress(1.0 - left / seconds)
        time.sleep(0.05)


@jobs.handler("stubborn")
def stubborn(job: jobs.RunningJob) -> None:
    """Work for `seconds` without a look at anything."""
    time.sleep(float(str(job.parameters["seconds"])))
