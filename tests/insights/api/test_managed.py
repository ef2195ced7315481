"""GET /v1/manage/trackers: what enableAllTrackers turns on."""

from tests.insights.api.conftest import Api


def test_all_of_them(api: Api) -> None:
    """A list under `trackers`, each with id, name, vocabulary and what it is for."""
    api.root = "/v1/manage"
    trackers = api.read("/trackers")["trackers"]
    assert len(trackers) == 20
    assert {"id", "name", "vocabulary", "description", "categories", "languages"} == trackers[0].keys()


def test_one_by_name_or_id(api: Api) -> None:
    """By exact name as a list, by id alone; 404 for another id."""
    api.root = "/v1/manage"
    (one,) = api.read("/trackers", name="Escalation")["trackers"]
    assert api.read(f"/tracker/{one['id']}")["tracker"] == one
    assert api.read("/trackers", name="escalation")["trackers"] == []
    answer = api.get("/tracker/nothing")
    assert answer.status_code == 404
    assert answer.json() == {"message": "The trackerId is either invalid or does not exist."}


def test_they_cannot_be_changed(api: Api) -> None:
    """There is nothing to post, put or delete."""
    headers = {"Authorization": f"Bearer {api.token}"}
    assert api.client.delete("/v1/manage/tracker/managed-pricing", headers=headers).status_code == 405
    assert api.client.post("/v1/manage/trackers", {}, content_type="application/json", headers=headers).status_code == 405
