"""All recognitions of the process: pause detection by the shared attention, and worker threads with one transcriber.

Any engine that decodes stretches of sound gets a whole recogniser from this.
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
    """Opens recognitions and works for them until `close`. Raises RecogniserError when the pause detection is missing."""

    def __init__(self, transcriber: Transcriber, threads: int) -> None:
        self._transcriber = transcriber
        self.attention = vad_worker.acquire()
        self._scheduler = Scheduler(threads)
        self._executor = DecodeExecutor()
        self._lock = threading.Lock()
        self._all: WeakSet[TurnRecognition] = WeakSet()

    def start(self) -> None:
        """Start the worker threads."""
        self._scheduler.start()
        self._executor.start()

    def open(self, options: RecognitionOptions, decoder: Decoder, listener: Listener) -> TurnRecognition:
        """Begin to hear one speaker."""
        recognition = TurnRecognition(options, decoder, listener, self._transcriber, self._scheduler, self._executor, self.attention.wake)
        with self._lock:
            self._all.add(recognition)
        self.attention.join(recognition)
        return recognition

    def transcribe(self, pcm: Samples, *, thorough: bool) -> Transcript:
        """Decode one stretch of sound in its turn among all others; blocks until that is done."""
        job = TranscribeJob(pcm, thorough, self._transcriber)
        self._scheduler.submit(job, Urgency.FINAL if thorough else Urgency.AHEAD)
        return job.result()

    def close(self) -> None:
        """Drop all recognitions, end the threads."""
        with self._lock:
            everybody = list(self._all)
        for recognition in everybody:
            recognition.abandon()
        self._scheduler.close()
        self._executor.close()
        vad_worker.release()
