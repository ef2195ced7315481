"""The language model of this installation: a server with the API of OpenAI, named by settings, or none.

The operator names the server, so that it may have a private address. Proxies of the environment are not used and redirects are not
followed. Neither the key nor the contents of requests and responses reach the log or the text of an error.
"""

import json
import time
from dataclasses import dataclass, field

import httpx
from django.conf import settings

CONNECT_S = 5.0
ANSWER_S = 300.0
"""Seconds that one response may take in all; small servers need minutes for a long prompt."""
MOST_BYTES = 1024 * 1024
"""Bytes of a response."""


class NoLanguageModel(Exception):
    """No language model is configured; the text says what to set."""

    def __init__(self) -> None:
        super().__init__("needs a language model, and none is configured; set LLM_URL and LLM_MODEL on the server")


class LanguageModelFailed(Exception):
    """The server of the language model did not answer, or not with what is needed. The text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Where the model is: the base URL of the API, the model's name, and a key or an empty text."""

    url: str
    name: str
    key: str = field(repr=False)


def language_model() -> LanguageModel:
    """Return the configured language model. Raises NoLanguageModel."""
    if not settings.LLM_URL:
        raise NoLanguageModel
    return LanguageModel(settings.LLM_URL.rstrip("/"), settings.LLM_MODEL, settings.LLM_KEY)


def has_language_model() -> bool:
    """Return whether a language model is configured."""
    return bool(settings.LLM_URL)


def complete(model: LanguageModel, instructions: str, text: str, *, timeout_s: float = ANSWER_S) -> str:
    """Return what the model answers to instructions and a text; it is asked for a JSON object. Raises LanguageModelFailed."""
    body = {
        "model": model.name,
        "messages": [{"role": "system", "content": instructions}, {"role": "user", "content": text}],
        "temperature": 0,
        "response_format": {"type": "json_object"},
    }
    headers = {"Authorization": f"Bearer {model.key}"} if model.key else {}
    limits = httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
    try:
        with (
            httpx.Client(timeout=limits, trust_env=False, follow_redirects=False) as client,
            client.stream("POST", f"{model.url}/chat/completions", json=body, headers=headers) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise LanguageModelFailed(_refused(response.status_code))
            answer = _read(response, time.monotonic() + timeout_s)
    except httpx.TimeoutException:
        raise LanguageModelFailed(f"the language model did not answer within {timeout_s:g} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
        raise LanguageModelFailed("the server of the language model does not answer; see LLM_URL") from None
    return _content(answer)


def _refused(status: int) -> str:
    match status:
        case 401 | 403:
            return f"the server of the language model refused the key (status {status}); see LLM_KEY"
        case 404:
            return "the server of the language model does not know the address or the model (status 404); see LLM_URL and LLM_MODEL"
        case 429:
            return "the server of the language model is busy (status 429); try again later"
        case _:
            return f"the server of the language model answered with status {status}"


def _read(response: httpx.Response, until: float) -> bytes:
    """Read a body of limited size in limited time."""
    parts, size = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise LanguageModelFailed(f"the answer of the language model is longer than {MOST_BYTES} bytes")
        if time.monotonic() > until:
            raise LanguageModelFailed("the answer of the language model took too long")
    return b"".join(parts)


def _content(answer: bytes) -> str:
    """Return the text of the first choice."""
    try:
        content = json.loads(answer)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        content = None
    if not isinstance(content, str):
        raise LanguageModelFailed("the answer of the language model has no text in choices[0].message.content")
    return content
