"""GET /v1/manage/trackers: the trackers that enableAllTrackers enables."""

from tests.insights.api.conftest import Api


def test_all_managed_trackers(api: Api) -> None:
    """The list under `trackers` has id, name, vocabulary and description of each tracker."""
    api.root = "/v1/manage"
    trackers = api.read("/trackers")["trackers"]
    assert len(trackers) == 20
    assert {"id", "name", "vocabulary", "description", "categories", "languages"} == trackers[0].keys()


def test_one_by_name_or_id(api: Api) -> None:
    """A name selects a list of one tracker, an id selects one tracker, and an unknown id gets 404."""
    api.root = "/v1/manage"
    (one,) = api.read("/trackers", name="Escalation")["trackers"]
    assert api.read(f"/tracker/{one['id']}")["tracker"] == one
    assert api.read("/trackers", name="escalation")["trackers"] == []
    answer = api.get("/tracker/nothing")
    assert answer.status_code == 404
    assert answer.json() == {"message": "The trackerId is either invalid or does not exist."}


def test_managed_trackers_are_read_only(api: Api) -> None:
    """POST, PUT and DELETE are not allowed."""
    headers = {"Authorization": f"Bearer {api.token}"}
    assert api.client.delete("/v1/manage/tracker/managed-pricing", headers=headers).status_code == 405
    assert api.client.post("/v1/manage/trackers", {}, content_type="application/json", headers=headers).status_code == 405
