"""A voice agent on this machine: it recognises what is said, answers by a language model or by rules, and speaks.

    parley run examples/voice_agent.py

MODEL_URL names a server with an OpenAI-compatible API, such as http://127.0.0.1:11434/v1, MODEL_NAME its model and MODEL_KEY its key.
Without MODEL_URL the answers follow rules. A voice must be installed: docs/guide/speech-engines.md.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import httpx

from parley import AdditionalOutputs, ReplyOnPause, Stream, get_stt_model, get_tts_model

MODEL_URL = os.environ.get("MODEL_URL", "").rstrip("/")
TASK = {"role": "system", "content": "You are a friendly assistant on the telephone. Answer in one or two short sentences, without lists."}
MOST_MESSAGES = 20

listen = get_stt_model()
voice = get_tts_model()
Message = dict[str, str]


class Agent(ReplyOnPause):
    """Answers each turn; every session has its own chat."""

    def __init__(self) -> None:
        super().__init__(self.answer)
        self.chat: list[Message] = []

    def copy(self) -> "Agent":
        """Return an agent for another session."""
        return Agent()

    def answer(self, audio: Any) -> Iterator[Any]:
        """Yield the chat as outputs, and the answer sentence by sentence as audio."""
        said = listen.stt(audio)
        if not said:
            return
        self.chat = [*self.chat[-MOST_MESSAGES:], {"role": "user", "content": said}]
        yield AdditionalOutputs(self.chat)
        answer = ""
        for sentence in sentences(by_model(self.chat) if MODEL_URL else [by_rules(said)]):
            answer = f"{answer} {sentence}".strip()
            yield from voice.stream_tts_sync(sentence)
        self.chat = [*self.chat, {"role": "assistant", "content": answer}]
        yield AdditionalOutputs(self.chat)


def by_rules(said: str) -> str:
    """Return an answer to a few questions."""
    now = datetime.now().astimezone()
    answers = {
        r"\btime\b": f"It is {now:%H:%M}.",
        r"\b(day|date)\b": f"Today is {now:%A, %B} {now.day}.",
        r"\b(hello|hi|good morning)\b": "Hello. What can I do for you?",
        r"\b(thanks|thank you)\b": "You are welcome.",
    }
    found = (answer for pattern, answer in answers.items() if re.search(pattern, said.lower()))
    return next(found, f"You said: {said} I know the time and the date.")


def by_model(chat: list[Message]) -> Iterator[str]:
    """Yield the words of the language model as they come."""
    body = {"model": os.environ.get("MODEL_NAME", "default"), "messages": [TASK, *chat], "stream": True}
    headers = {"Authorization": f"Bearer {os.environ.get('MODEL_KEY', 'none')}"}
    with httpx.stream("POST", f"{MODEL_URL}/chat/completions", json=body, headers=headers, timeout=60) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            if line.startswith("data: {"):
                for choice in json.loads(line.removeprefix("data: "))["choices"]:
                    yield choice["delta"].get("content") or ""


def sentences(parts: Iterable[str]) -> Iterator[str]:
    """Yield each sentence as soon as it is complete."""
    rest = ""
    for part in parts:
        *complete, rest = re.split(r"(?<=[.!?])\s+", rest + part)
        yield from complete
    if rest.strip():
        yield rest


stream = Stream(Agent(), modality="audio", mode="send-receive", ui_args={"title": "Voice agent"})

if __name__ == "__main__":
    stream.ui.launch()
