"""Sends requests for imports."""

import json
from typing import Any

from django.test import Client

from insights.imports.import_options import ImportSource
from insights.models import Job

SAID = [
    {
        "payload": {"content": "Anna, can you send the budget to Tom by Friday? I will call Maria tomorrow.", "contentType": "text/plain"},
        "from": {"userId": "tom@example.com", "name": "Tom"},
        "duration": {"startTime": "2026-03-02T14:00:00Z", "endTime": "2026-03-02T14:00:08Z"},
    },
    {"payload": {"content": "Yes, I will send it."}, "from": {"name": "Anna"}},
]


class Sender:
    """Sends requests with one user's token."""

    def __init__(self, token: str) -> None:
        self._client = Client(headers={"x-api-key": token})

    def json(self, path: str, body: Any, *, put: bool = False) -> tuple[int, Any]:
        """Send JSON to a path below /v1/process."""
        method = self._client.put if put else self._client.post
        answer = method(f"/v1/process/{path}", json.dumps(body), content_type="application/json")
        return answer.status_code, answer.json()

    def raw(self, path: str, body: bytes = b"not audio", *, put: bool = False, **query: object) -> tuple[int, Any]:
        """Send bytes to a path below /v1/process."""
        answer = self._client.generic("PUT" if put else "POST", f"/v1/process/{path}", body, content_type="audio/wav", query_params=query)
        return answer.status_code, answer.json()

    def form(self, path: str, fields: dict[str, Any]) -> tuple[int, Any]:
        """Send a form to a path below /v1/process."""
        answer = self._client.post(f"/v1/process/{path}", fields)
        return answer.status_code, answer.json()

    def read(self, path: str) -> Any:
        """Return the JSON of a GET."""
        answer = self._client.get(path)
        assert answer.status_code == 200, answer.content
        return json.loads(b"".join(answer.streaming_content) if answer.streaming else answer.content)


def job_of(answer: tuple[int, Any]) -> Job:
    """Return the job of a good answer."""
    status, accepted = answer
    assert status == 201, accepted
    job = Job.objects.get(pk=accepted["jobId"])
    assert str(job.conversation_id) == accepted["conversationId"]
    return job


def source_of(answer: tuple[int, Any]) -> ImportSource:
    """Return what the job of a good answer is asked to do."""
    return ImportSource.parse(job_of(answer).parameters)
