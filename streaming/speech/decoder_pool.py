"""All recognitions of the process: the shared VAD worker, and worker threads that use one transcriber.

An engine that decodes blocks of audio (`Transcriber`) becomes a complete recogniser with this class.
"""

import threading
from weakref import WeakSet

from streaming.audio.codecs import Decoder
from streaming.audio.pcm import Samples
from streaming.speech import vad_worker
from streaming.speech.decode_executor import DecodeExecutor
from streaming.speech.decode_scheduler import Scheduler, Urgency
from streaming.speech.engines.base import Listener, RecognitionOptions
from streaming.speech.recognition import TurnRecognition
from streaming.speech.transcribe_job import TranscribeJob
from streaming.speech.transcript import Transcriber, Transcript


class DecoderPool:
    """Opens recognitions and runs their threads until `close`. Raises RecogniserError if the VAD model is missing."""

    def __init__(self, transcriber: Transcriber, threads: int) -> None:
        self._transcriber = transcriber
        self.vad = vad_worker.acquire()
        self._scheduler = Scheduler(threads)
        self._executor = DecodeExecutor()
        self._lock = threading.Lock()
        self._all: WeakSet[TurnRecognition] = WeakSet()

    def start(self) -> None:
        """Start the worker threads."""
        self._scheduler.start()
        self._executor.start()

    def open(self, options: RecognitionOptions, decoder: Decoder, listener: Listener) -> TurnRecognition:
        """Open a recognition of one speaker."""
        recognition = TurnRecognition(options, decoder, listener, self._transcriber, self._scheduler, self._executor, self.vad.wake)
        with self._lock:
            self._all.add(recognition)
        self.vad.join(recognition)
        return recognition

    def transcribe(self, pcm: Samples, *, thorough: bool) -> Transcript:
        """Decode one block of audio, queued with all other jobs; blocks until it is done."""
        job = TranscribeJob(pcm, thorough, self._transcriber)
        self._scheduler.submit(job, Urgency.FINAL if thorough else Urgency.SPECULATIVE)
        return job.result()

    def close(self) -> None:
        """Abandon all recognitions and stop the threads."""
        with self._lock:
            recognitions = list(self._all)
        for recognition in recognitions:
            recognition.abandon()
        self._scheduler.close()
        self._executor.close()
        vad_worker.release()
