"""GET /v1/job/{id} and /v1/jobs, POST /v1/job/{id}/cancel."""

import json
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.utils import timezone

from insights import jobs
from insights.api.root import api as api_object
from insights.models import Job
from tests.insights.api.conftest import Api, token_of
from tests.insights.jobs.conftest import Register, register

__all__ = ["register"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mine(user: User) -> Api:
    """The API as the user sees it."""
    api = Api(token_of(user))
    api.root = "/v1"
    return api


@pytest.fixture
def kind(register: Register) -> str:
    """A kind of job that does nothing."""
    register("k", lambda job: None)
    return "k"


def post(api: Api, path: str) -> tuple[int, object]:
    """POST without a body; return status and JSON."""
    response = api.client.post(api.root + path, headers={"Authorization": f"Bearer {api.token}"})
    return response.status_code, response.json()


def test_a_job_from_beginning_to_end(mine: Api, user: User, kind: str) -> None:
    """The status words are Symbl's; one that waits is in progress for clients that poll; what is not known is left out."""
    job = jobs.enqueue(kind, user.pk, {})
    first = mine.read(f"/job/{job.pk}")
    assert first.pop("createdAt").endswith("Z")
    assert first == {"id": str(job.pk), "status": "in_progress", "kind": "k", "progress": 0, "attempts": 0, "warnings": []}
    assert [one["status"] for one in mine.read("/jobs", status="scheduled")["jobs"]] == ["scheduled"]
    jobs.run_waiting()
    last = mine.read(f"/job/{job.pk}")
    assert (last["status"], last["progress"], last["attempts"]) == ("completed", 100, 1)
    assert last["finishedAt"] >= last["startedAt"]


def test_cancel(mine: Api, user: User, kind: str) -> None:
    """A cancelled job has failed, with a reason; cancelling it again answers the same."""
    job = jobs.enqueue(kind, user.pk, {})
    for _ in range(2):
        status, answer = post(mine, f"/job/{job.pk}/cancel")
        assert status == 200
        assert isinstance(answer, dict)
        assert (answer["status"], answer["reason"]) == ("failed", "cancelled")


def test_other_peoples_jobs_do_not_exist(mine: Api, other_user: User, kind: str) -> None:
    """A job of somebody else, an unknown one and nonsense get the same 404."""
    other = jobs.enqueue(kind, other_user.pk, {})
    expected = {"message": "The jobId is either invalid or does not exist."}
    for job_id in (other.pk, uuid4(), "1", "%00", "x" * 400):
        response = mine.get(f"/job/{job_id}")
        assert (response.status_code, response.json()) == (404, expected)
        assert post(mine, f"/job/{job_id}/cancel") == (404, expected)
    assert mine.read("/jobs") == {"jobs": []}
    other.refresh_from_db()
    assert not other.cancel_requested


def test_internal_jobs_are_not_shown(mine: Api, user: User, register: Register) -> None:
    """A webhook or mail is no job of an account, even if it names one."""
    register("i", lambda job: None, internal=True)
    job = jobs.enqueue("i", user.pk, {})
    assert mine.get(f"/job/{job.pk}").status_code == 404
    assert mine.read("/jobs") == {"jobs": []}


def test_the_list_is_paged(mine: Api, user: User, kind: str) -> None:
    """Newest first; `after` continues, also among jobs of the same time."""
    at = timezone.now()
    made = [Job.objects.create(kind=kind, owner=user, created_at=at).pk for _ in range(5)]
    seen: list[str] = []
    while page := mine.read("/jobs", limit=2, **({"after": seen[-1]} if seen else {}))["jobs"]:
        seen += [one["id"] for one in page]
    assert seen == sorted(map(str, made), reverse=True)
    assert mine.read("/jobs", status="failed") == {"jobs": []}


@pytest.mark.parametrize(
    ("query", "named"), [({"after": "x"}, "after"), ({"limit": 0}, "limit"), ({"status": "done"}, "status"), ({"limit": "many"}, "limit")]
)
def test_rubbish_in_the_query(mine: Api, query: dict[str, object], named: str) -> None:
    """The error names the field."""
    response = mine.get("/jobs", **query)
    assert response.status_code == 400
    assert response.json()["message"].startswith(named)


def test_jobs_of_an_unknown_conversation(mine: Api) -> None:
    """They get the 404 of conversations."""
    assert mine.get("/jobs", conversationId="1").status_code == 404


def test_a_get_does_not_cancel(mine: Api, user: User, kind: str) -> None:
    """Only POST cancels, and an anonymous caller gets 401."""
    job = jobs.enqueue(kind, user.pk, {})
    assert mine.get(f"/job/{job.pk}/cancel").status_code == 405
    mine.token = "nothing"
    assert post(mine, f"/job/{job.pk}/cancel")[0] == 401
    job.refresh_from_db()
    assert job.status == "scheduled"


def test_the_limit_of_an_account() -> None:
    """It has the published form, with `statusCode`."""
    response = api_object.on_exception(RequestFactory().post("/"), jobs.TooManyJobs(7))
    assert response.status_code == 429
    body = json.loads(response.content)
    assert body["statusCode"] == 429
    assert body["message"].startswith("This API has a limit of maximum of 7 number of concurrent jobs per account. ")
