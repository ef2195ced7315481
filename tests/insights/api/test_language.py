"""The calls that need a language model."""

from typing import Any

import pytest

from insights.language_model import LanguageModel, NoLanguageModel, language_model
from tests.insights.api.conftest import Api


@pytest.mark.parametrize("path", ["/intents", "/callscore", "/callscore/status", "/lm-insights/status"])
def test_without_a_model_they_say_what_is_missing(api: Api, path: str) -> None:
    """The owner gets 501 that names the settings; an unknown conversation stays 404."""
    answer = api.get(path)
    assert answer.status_code == 501
    assert answer.json()["message"].endswith("needs a language model, and none is configured; set LLM_URL and LLM_MODEL on the server")
    assert Api(api.token, 10**15).get(path).status_code == 404


def test_the_configured_model(settings: Any) -> None:
    """The settings name the model; without a URL there is none."""
    settings.LLM_URL, settings.LLM_MODEL, settings.LLM_KEY = "http://127.0.0.1:9/v1/", "small", "secret"
    assert language_model() == LanguageModel("http://127.0.0.1:9/v1", "small", "secret")
    settings.LLM_URL = ""
    with pytest.raises(NoLanguageModel):
        language_model()
