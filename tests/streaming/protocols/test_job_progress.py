"""`job_progress`: how far a job of the conversation is (our extension)."""

import json

from insights.snapshots import JobProgress
from streaming.protocols.symbl import encode, job_progress

PROGRESS = JobProgress(1234567890123456, "b996e98e-9b75-4a5e-a57b-b19464cb9e49", "import_audio", "in_progress", 42)


def test_the_message() -> None:
    """An envelope; ids are texts."""
    assert json.loads(encode(job_progress(PROGRESS))) == {
        "type": "message",
        "message": {
            "type": "job_progress",
            "jobId": "b996e98e-9b75-4a5e-a57b-b19464cb9e49",
            "conversationId": "1234567890123456",
            "kind": "import_audio",
            "status": "in_progress",
            "progress": 42,
            "reason": "",
        },
    }


def test_it_survives_the_way_to_another_process() -> None:
    """What is dumped is parsed to the same."""
    assert JobProgress.parse(PROGRESS.dump()) == PROGRESS
