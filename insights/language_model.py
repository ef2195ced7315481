"""The language model of this installation: a server with the API of OpenAI, named by settings, or none."""

from dataclasses import dataclass

from django.conf import settings


class NoLanguageModel(Exception):
    """No language model is configured; the text says what to set."""

    def __init__(self) -> None:
        super().__init__("needs a language model, and none is configured; set LLM_URL and LLM_MODEL on the server")


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Where the model is: the base URL of the API, the model's name, and a key or an empty text."""

    url: str
    name: str
    key: str


def language_model() -> LanguageModel:
    """Return the configured language model. Raises NoLanguageModel."""
    if not settings.LLM_URL:
        raise NoLanguageModel
    return LanguageModel(settings.LLM_URL.rstrip("/"), settings.LLM_MODEL, settings.LLM_KEY)
