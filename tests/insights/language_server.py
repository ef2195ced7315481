"""A small server of the API of OpenAI for tests: its answers are functions of the request, sent over real connections."""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from insights.call_score import CRITERIA
from tests.http_server import Received, Receiver, answer, http_server

Reply = Callable[[dict[str, Any]], str]
"""Returns the content of the answer to the JSON of a request."""


def completion(content: str) -> bytes:
    """Return the body of a response with this content."""
    return json.dumps(
        {"object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": content}}]}
    ).encode()


def sentences(*items: tuple[str, list[int]]) -> str:
    """Return the content that names sentences and the numbers of their lines."""
    return json.dumps({"sentences": [{"text": text, "messages": numbers} for text, numbers in items]})


def scores(score: float) -> str:
    """Return the content that gives a call, and each criterion, this score."""
    texts = {"summary": "The price was named.", "positive": "Answers came at once.", "negative": "No next step was agreed."}
    criteria = [{"name": name, "score": score, **texts} for name in CRITERIA]
    return json.dumps({"score": score, "summary": "The price was named.", "criteria": criteria})


@contextlib.contextmanager
def language_server(settings: Any, reply: Reply) -> Iterator[Receiver]:
    """Run the server, and configure it as the language model."""

    def respond(request: Received, out: BinaryIO) -> None:
        if request.line.split()[:2] != ["POST", "/v1/chat/completions"]:
            answer(404)(request, out)
            return
        answer(200, completion(reply(json.loads(request.body))), Content_Type="application/json")(request, out)

    with http_server(respond) as receiver:
        settings.LLM_URL, settings.LLM_MODEL, settings.LLM_KEY = f"http://127.0.0.1:{receiver.port}/v1", "small", "secret-key"
        yield receiver
