"""The calls of Symbl's Telephony API answer that they are not implemented."""

import logging

import pytest

from tests.insights.api.conftest import Api

CALLS = [
    ("/v1/endpoint:connect", {"operation": "start", "endpoint": {"type": "pstn", "phoneNumber": "+15550100"}}),
    ("/v1/event/abc=", {"type": "joined"}),
    ("/v1/event/x", "no JSON"),
]


@pytest.mark.parametrize(("path", "body"), CALLS)
def test_not_implemented(account: Api, caplog: pytest.LogCaptureFixture, path: str, body: object) -> None:
    """501 in the protocol's form with what to do instead, whatever the body, and no error in the log; 401 without a token."""
    account.root = ""
    answer = account.request("POST", path, body)
    assert answer.status_code == 501
    assert "not implemented" in answer.json()["message"]
    assert [one for one in caplog.records if one.levelno > logging.INFO] == []
    account.token = ""
    assert account.request("POST", path, body).status_code == 401
