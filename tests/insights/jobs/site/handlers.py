"""Slow and failing jobs. What they do is written into files, so that a test sees it whatever happens to the process."""

import os
import time
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from insights import jobs, recorder
from insights.recorder import Listening, SpokenWord, Utterance
from insights.recorder.signals import announce


def begin(job: jobs.RunningJob) -> None:
    """Append the process and the attempt to the file `path`."""
    with Path(str(job.parameters["path"])).open("a") as file:
        file.write(f"{os.getpid()} {job.attempt}\n")


@jobs.handler("slow")
def slow(job: jobs.RunningJob) -> None:
    """Append the process to the file `path`, then work for `seconds`."""
    begin(job)
    seconds = float(str(job.parameters["seconds"]))
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        job.progress(1.0 - left / seconds)
        time.sleep(0.05)


@jobs.handler("stubborn")
def stubborn(job: jobs.RunningJob) -> None:
    """As `slow`, without a look at anything."""
    begin(job)
    time.sleep(float(str(job.parameters["seconds"])))


@jobs.handler("talk")
def talk(job: jobs.RunningJob) -> None:
    """Store `count` messages in the conversation, each with the time at which it is stored in its text."""
    count = int(str(job.parameters["count"]))
    assert job.conversation_id is not None
    for number in range(count):
        start = timezone.now()
        text = f"Sent at {round(1000 * time.time())}"
        said = Utterance(text, (SpokenWord(text, start, start + timedelta(seconds=1), 0.9),), 0.9, start, start + timedelta(seconds=1))
        announce(recorder.record(job.conversation_id, said, Listening()))
        job.progress((number + 1) / count)
        time.sleep(0.6)
