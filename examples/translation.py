"""An interpreter from English: it repeats each sentence in another language.

    parley run examples/translation.py

MODEL_URL, MODEL_NAME and MODEL_KEY name a language model with an OpenAI-compatible API, which translates. Without it a phrase book knows
a few sentences in German, French and Spanish. The voice is the best one that is installed for the language; requirements/voices.txt
has one for all of them.
"""

import os
import re
from collections.abc import Iterator
from typing import Any, Literal

import httpx
from pydantic import BaseModel, Field

from parley import AdditionalOutputs, KokoroTTSOptions, ReplyOnPause, Stream, get_stt_model, get_tts_model

MODEL_URL = os.environ.get("MODEL_URL", "").rstrip("/")
CODES = {"German": "de", "French": "fr", "Spanish": "es"}
PHRASES = {
    "good morning": {"de": "Guten Morgen.", "fr": "Bonjour.", "es": "Buenos días."},
    "thank you": {"de": "Vielen Dank.", "fr": "Merci beaucoup.", "es": "Muchas gracias."},
    "where is the station": {"de": "Wo ist der Bahnhof?", "fr": "Où est la gare ?", "es": "¿Dónde está la estación?"},
    "how much is it": {"de": "Wie viel kostet das?", "fr": "C'est combien ?", "es": "¿Cuánto cuesta?"},
}

listen = get_stt_model()
voice = get_tts_model()


class Inputs(BaseModel):
    """What the page and the input hook can set."""

    language: Literal["German", "French", "Spanish"] = Field("German", title="Language")


def interpret(audio: Any, language: str = "German") -> Iterator[Any]:
    """Say a turn in the other language."""
    said, code = listen.stt(audio), CODES[language]
    if said:
        text = by_model(said, language) if MODEL_URL else by_phrases(said, code)
        yield AdditionalOutputs({"en": said, code: text})
        yield from voice.stream_tts_sync(text, KokoroTTSOptions(lang=code))


def by_phrases(said: str, code: str) -> str:
    """Return the phrases that are in the words; without one, the words themselves."""
    plain = " ".join(re.findall(r"[a-z']+", said.lower()))
    return " ".join(words[code] for phrase, words in PHRASES.items() if phrase in plain) or said


def by_model(said: str, language: str) -> str:
    """Return the translation by the language model."""
    task = f"Translate what the user says into {language}. Answer with the translation only."
    messages = [{"role": "system", "content": task}, {"role": "user", "content": said}]
    body = {"model": os.environ.get("MODEL_NAME", "default"), "messages": messages}
    headers = {"Authorization": f"Bearer {os.environ.get('MODEL_KEY', 'none')}"}
    response = httpx.post(f"{MODEL_URL}/chat/completions", json=body, headers=headers, timeout=60)
    return str(response.raise_for_status().json()["choices"][0]["message"]["content"])


stream = Stream(ReplyOnPause(interpret), modality="audio", mode="send-receive", inputs=Inputs, ui_args={"title": "Interpreter"})

if __name__ == "__main__":
    stream.ui.launch()
