"""The speech process of a worker: `python -m streaming.imports.speech_service DESCRIPTOR`.

It recognises the speech of files, and computes voices, at a lower priority than the worker. It opens no database, so that it holds no
lock of one while busier processes get the processor in its place. It ends when the worker closes its end of the socket, however that ends.
"""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import assert_never

from streaming.audio.codecs import open_decoder
from streaming.audio.pcm import RATE, AudioError
from streaming.imports.speech_messages import (
    Abandon,
    Answer,
    AnyMethodCall,
    CallFailed,
    Channel,
    ComputeColumns,
    ComputeVectors,
    Feed,
    Finished,
    Loaded,
    LoadFailed,
    LoadSpeakerModels,
    Open,
    Recognised,
    RecognitionState,
    Request,
    Returned,
    SegmentSpeech,
    SpeechCall,
    SpeechSettings,
    Stop,
    Transcribe,
)
from streaming.speech import engines
from streaming.speech.engines.base import Recogniser, Recognition, RecognitionResult
from streaming.speech.speakers.types import SpeakerModels
from streaming.types.class_path import load_class

logger = logging.getLogger(__name__)

REPORT_S = 0.02
"""Interval in seconds at which the worker gets the positions of the recognitions, if that changed."""


class SpeechService:
    """Carries out the requests of a worker, and sends the answers from any thread."""

    def __init__(self, channel: Channel, settings: SpeechSettings) -> None:
        self._channel, self._settings = channel, settings
        self._sending = threading.Lock()
        self._open: dict[int, _ServedRecognition] = {}
        self._calls = ThreadPoolExecutor(settings.threads, "speech-calls")
        self._models_lock = threading.Lock()
        self._models: SpeakerModels | None = None

    def run(self) -> None:
        """Load the recogniser and serve until the worker closes the socket."""
        try:
            recogniser = self._loaded()
        except Exception as error:
            self.send(LoadFailed(str(error)))
            return
        more, model = (getattr(recogniser, name, getattr(Recogniser, name)) for name in ("more_languages", "model"))
        self.send(Loaded(tuple(recogniser.languages), more, model))
        threading.Thread(target=self._report, name="speech-reports", daemon=True).start()
        for request in self._requests():
            self._serve(request, recogniser)

    def send(self, answer: Answer) -> None:
        """Send an answer; after the worker has gone, the process is about to end, and nothing is sent."""
        with self._sending:
            try:
                self._channel.send(answer)
            except OSError:
                os._exit(0)

    def _loaded(self) -> Recogniser:
        wanted = self._settings
        found = engines.make(wanted.recogniser, threads=wanted.threads, models_dir=wanted.models_dir, script=wanted.script)
        found.load()
        return found

    def _requests(self) -> Iterator[Request]:
        while True:
            try:
                yield self._channel.recv()
            except (EOFError, OSError):
                return

    def _serve(self, request: Request, recogniser: Recogniser) -> None:
        match request:
            case Open(number, options):
                served = _ServedRecognition(self, number)
                served.recognition = recogniser.open(options, open_decoder("LINEAR16", RATE), served)
                self._open[number] = served
            case Feed(number, samples, fed_s):
                served = self._open[number]
                served.feed(samples, fed_s)
            case Stop(number):
                self._open[number].recognition.stop()
            case Abandon(number):
                if (ended := self._open.pop(number, None)) is not None:
                    ended.recognition.abandon()
            case SpeechCall(number, method):
                self._calls.submit(self._call, number, method, recogniser)
            case _ as never:
                assert_never(never)

    def _call(self, number: int, method: AnyMethodCall, recogniser: Recogniser) -> None:
        try:
            self.send(Returned(number, self._returned_by(method, recogniser)))
        except Exception as error:  # its text may contain spoken words, and not every exception can be pickled
            self.send(CallFailed(number, type(error).__name__))

    def _returned_by(self, method: AnyMethodCall, recogniser: Recogniser) -> object:
        match method:
            case Transcribe(pcm, voiced, thorough):
                return recogniser.transcribe(pcm, voiced, thorough=thorough)
            case LoadSpeakerModels():
                models = self._speaker_models()
                return models.between, models.made_up
            case SegmentSpeech(window):
                return self._speaker_models().segment(window)
            case ComputeColumns(clip):
                return self._speaker_models().columns(clip)
            case ComputeVectors(columns, parts):
                return self._speaker_models().vectors(columns, parts)
            case _ as never:
                assert_never(never)

    def _speaker_models(self) -> SpeakerModels:
        with self._models_lock:
            if self._models is None:
                try:
                    self._models = load_class(self._settings.speaker_models)()
                except Exception as error:
                    logger.error("the speaker models %s cannot be loaded: %s", self._settings.speaker_models, error)
                    raise
            return self._models

    def _report(self) -> None:
        """Send the worker the state of each recognition whenever it changed."""
        sent: dict[int, RecognitionState] = {}
        wait = threading.Event()
        while not wait.wait(REPORT_S):
            served = dict(self._open)
            sent = {number: sent[number] for number in sent.keys() & served.keys()}
            for number, one in served.items():
                if sent.get(number) != (state := one.state()):
                    sent[number] = state
                    self.send(state)


class _ServedRecognition:
    """One recognition: the listener whose results are sent to the worker."""

    recognition: Recognition

    def __init__(self, service: SpeechService, number: int) -> None:
        self._service, self._number, self._fed_s = service, number, 0.0

    def feed(self, samples: bytes, fed_s: float) -> None:
        """Feed audio, after which `fed_s` seconds were fed."""
        self.recognition.feed(samples)
        self._fed_s = fed_s

    def state(self) -> RecognitionState:
        """Return where the recognition is. What was fed is read first: it is part of the backlog."""
        fed_s, recognition = self._fed_s, self.recognition
        return RecognitionState(self._number, fed_s, recognition.backlog, recognition.settled, recognition.full)

    def recognised(self, result: RecognitionResult) -> None:
        """Send a final result."""
        if result.is_final:
            self._service.send(Recognised(self._number, result))

    def speech_started(self, at: float) -> None:
        """Do nothing: only results matter for a file."""

    def audio_error(self, error: AudioError) -> None:
        """Do nothing: these are samples, which are always valid."""

    def backlog_low(self) -> None:
        """Do nothing: the state is reported anyway."""

    def finished(self) -> None:
        """Send the end."""
        self._service.send(Finished(self._number))


def main() -> int:
    """Serve the worker at the other end of the socket whose descriptor is the argument."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    channel: Channel = Connection(int(sys.argv[1]))
    try:
        settings: SpeechSettings = channel.recv()
    except EOFError:
        return 0
    SpeechService(channel, settings).run()
    os._exit(0)  # without waiting for the threads of the recogniser, whose results nobody wants


if __name__ == "__main__":
    sys.exit(main())
