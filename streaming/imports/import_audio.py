"""The job that imports a recording: decoded file, recognised turns, stored messages, in the order of speech.

A job that was killed starts again: the file is decoded and searched for turns again, but turns that are stored already are not recognised
again. The id of an utterance is derived from the job and its place in the file, so that none is ever stored twice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5

from django.conf import settings

from insights import http_client, jobs, managed, recorder
from insights.database import release_connection
from insights.imports import waiting_files
from insights.imports.import_options import ImportOptions, ImportSource
from insights.jobs import RunningJob
from insights.managed import LiveSettings
from insights.recorder import Listening, SpokenWord, Utterance, Voice
from insights.recorder.signals import announce
from streaming.audio.codecs import Decoder, open_decoder
from streaming.audio.decoded_records import DecodeOptions
from streaming.audio.pcm import RATE
from streaming.conversations.profile_watch import enrolled_voices
from streaming.conversations.recognition_options import knows, not_understood
from streaming.conversations.voice_labels import KeptDecoder, VoiceLabels
from streaming.imports.decoded_file import DecodedFile, FileRefused
from streaming.imports.file_recognition import FileRecognition, SpokenTurn
from streaming.imports.speech_process import models_of_speakers, speech_process
from streaming.recordings.imported import ImportedAudio
from streaming.speaker_models import SpeakersOff
from streaming.speech.engines.base import Recogniser, RecognitionOptions, RecognitionResult

DOWNLOAD_S = 3600.0
"""Limit in seconds for the download of a file."""
DOWNLOADED = 0.1
"""Share of the progress of an import by URL that the download makes."""


@dataclass(frozen=True, slots=True)
class _FileChannel:
    """One channel of a file: where its words come from, and until when they are stored, in seconds from the start of the file."""

    number: int
    listening: Listening
    known_s: float
    source: UUID
    labels: VoiceLabels | None = None
    """The voices, if several people speak in the channel."""


@jobs.handler("import_audio")
def import_audio(job: RunningJob) -> None:
    """Import the file, or the file at the URL, of a job."""
    source = ImportSource.parse(job.parameters)
    engine = _engine(source.options.language)
    with _file(job, source) as path:
        try:
            _import(job, source, path, engine)
        except FileRefused as refused:
            raise jobs.Failed(str(refused)) from None


def _engine(language: str) -> Recogniser:
    """Return the recogniser of the speech process. Raises Failed for a language that it does not understand."""
    engine = speech_process().recogniser
    if not knows(engine.languages, language):
        raise jobs.Failed(f"languageCode: {language!r} {not_understood(engine)}")
    return engine


@contextmanager
def _file(job: RunningJob, source: ImportSource) -> Iterator[Path]:
    """Yield the path of the file, which is downloaded first if the job has a URL. It is removed when the job has ended for good."""
    if not source.url:
        path = waiting_files.path_of(source.file)
        if not path.is_file():
            raise jobs.Failed("the uploaded file is not there: hosts that run jobs must share DATA_DIR/uploads")
        yield path
        return
    assert job.conversation_id is not None  # noqa: S101 - an import always has one
    path = waiting_files.path_of(waiting_files.new_name(job.conversation_id))
    try:
        with waiting_files.created(path) as file:
            http_client.download(
                source.url,
                file,
                most_bytes=settings.MAX_UPLOAD_MB * 1024 * 1024,
                timeout_s=DOWNLOAD_S,
                on_progress=lambda received, total: job.progress(DOWNLOADED * received / total if total else 0.0),
                check=job.check,
            )
        yield path
    except (http_client.UrlRefused, http_client.FetchFailed) as refused:
        raise jobs.Failed(f"url: {refused}") from None
    finally:
        path.unlink(missing_ok=True)


def _import(job: RunningJob, source: ImportSource, path: Path, engine: Recogniser) -> None:
    conversation_id = job.conversation_id
    assert conversation_id is not None  # noqa: S101 - an import always has one
    options, separate = source.options, source.options.separate_channels
    with DecodedFile(path, DecodeOptions(separate=separate), job.check, nice=settings.WORKER_NICE) as decoded:
        header = decoded.header()
        if separate and header.channels == 1:
            job.warn("enableSeparateRecognitionPerChannel: the file has one channel only")
        created = datetime.fromisoformat(header.created) if header.created else None
        known = options.started_at or (None if options.append else created)
        base = recorder.begin_import(conversation_id, known, append=options.append, asked_at=source.asked_at)
        recorder.use_trackers(conversation_id, options.trackers, all_trackers=options.all_trackers)
        own = managed.settings_of(job.owner_id, all_trackers=options.all_trackers) if job.owner_id else LiveSettings()
        channels = [_channel(job, number + 1, options, own, base) for number in range(header.channels)]
        channels = _with_voices(job, channels, options, base)
        decoders = [_decoder(channel) for channel in channels]
        recognition = FileRecognition(engine, [_recognition_options(options, one) for one in channels], job.check, decoders)
        begun = DOWNLOADED if source.url else 0.0

        def progress(done_s: float) -> None:
            share = min(1.0, done_s / header.seconds) if header.seconds else 0.0
            job.progress(begun + (1 - begun) * share)

        stored = own.store_audio if options.store_audio is None else options.store_audio
        audio = ImportedAudio(conversation_id, uuid5(job.id, "audio"), base, header.channels) if stored else None
        blocks = audio.recorded(decoded.blocks()) if audio else decoded.blocks()
        turns = recognition.turns(_reporting(blocks, lambda: progress(recognition.settled)))
        _store_turns(job, base, channels, turns, progress)
        for channel in channels:
            if channel.labels is not None:
                _finish_voices(channel.labels, job.owner_id)
        if audio is not None:
            audio.store()
        recorder.end_import(conversation_id, base + timedelta(seconds=recognition.fed))


def _store_turns(
    job: RunningJob, base: datetime, channels: Sequence[_FileChannel], turns: Iterable[SpokenTurn], progress: Callable[[float], None]
) -> None:
    """Store the turns of a file that are not stored yet, and tell subscribers."""
    assert job.conversation_id is not None  # noqa: S101 - an import always has one
    for turn in turns:
        channel = _in_language_of(turn.result, channels[turn.channel - 1])
        if channel.labels is not None:
            _store_voices(job, base, turn, channel, channel.labels)
        elif turn.result.start >= channel.known_s:
            announce(recorder.record(job.conversation_id, _utterance(job.id, turn, base), channel.listening))
        progress(turn.result.end)
        release_connection()


def _in_language_of(result: RecognitionResult, channel: _FileChannel) -> _FileChannel:
    """Return the channel with the language that was found in a turn, if it was to be found."""
    found = result.language
    if found is None:
        return channel
    return replace(channel, listening=replace(channel.listening, language=found.code, language_found=found.is_settled))


def _store_voices(job: RunningJob, base: datetime, turn: SpokenTurn, channel: _FileChannel, labels: VoiceLabels) -> None:
    """Store the parts of a turn that are not stored yet, one for each voice, and correct what is stored."""
    assert job.conversation_id is not None  # noqa: S101 - an import always has one
    labelled = labels.parts(turn.result)
    recorder.store_voices(labels.id, labels.state())
    for part in labelled.parts:
        result = part.of(turn.result)
        if result.start >= channel.known_s:
            utterance = replace(_utterance(job.id, replace(turn, result=result), base), overlap=part.overlap)
            listening = replace(channel.listening, voice=Voice(labels.id, part.voice))
            announce(recorder.record(job.conversation_id, utterance, listening))
    announce(recorder.correct_voices(labels.id, labelled.revised))


def _finish_voices(labels: VoiceLabels, owner_id: int | None) -> None:
    """Look at all voices of a channel again, correct what is stored, and name voices by the voice profiles of the account."""
    announce(recorder.correct_voices(labels.id, labels.all(), whole=True))
    recorder.store_voices(labels.id, labels.state())
    if owner_id is not None:
        profiles = enrolled_voices(owner_id, models_of_speakers())
        for voice, key in labels.identified(profiles).items():
            announce(recorder.name_by_profile(labels.id, voice, UUID(key)))
    recorder.forget_silent_voices(labels.id)


def _with_voices(job: RunningJob, channels: list[_FileChannel], options: ImportOptions, base: datetime) -> list[_FileChannel]:
    """Return the channels, with their voices if several people speak in each and this server can tell them apart."""
    if not options.several_speakers:
        return channels
    try:
        models = models_of_speakers()
    except SpeakersOff as off:
        job.warn(f"enableSpeakerDiarization: {off}")
        return channels
    assert job.conversation_id is not None  # noqa: S101 - an import always has one
    found = []
    for channel in channels:
        diarized = recorder.diarize_import(job.conversation_id, channel.source, channel.listening.member_id)
        labels = VoiceLabels(diarized, models, options.expected_speakers, lambda place: base + timedelta(seconds=place))
        found.append(replace(channel, labels=labels))
    return found


def _decoder(channel: _FileChannel) -> Decoder:
    """Return the decoder of a channel, which also keeps the samples for the voices."""
    decoder = open_decoder("LINEAR16", RATE)
    return decoder if channel.labels is None else KeptDecoder(decoder, channel.labels.audio)


def _reporting(blocks: Iterable[bytes], report: Callable[[], None]) -> Iterator[bytes]:
    """Yield the blocks; report after each."""
    for block in blocks:
        yield block
        report()


def _channel(job: RunningJob, number: int, options: ImportOptions, own: LiveSettings, base: datetime) -> _FileChannel:
    """Return a channel, with its member if the request names one."""
    assert job.conversation_id is not None  # noqa: S101 - an import always has one
    conversation_id = job.conversation_id
    identity = next((one.speaker for one in options.channels if one.channel == number), None)
    member = recorder.import_member(conversation_id, identity) if identity else None
    source = uuid5(job.id, f"channel {number}")
    listening = options.listening(own, member.id if member else None, source)
    until = recorder.imported_until(conversation_id, source, listening.member_id)
    return _FileChannel(number, listening, max(0.0, (until - base).total_seconds()) if until else 0.0, source)


def _recognition_options(options: ImportOptions, channel: _FileChannel) -> RecognitionOptions:
    return RecognitionOptions(
        language=options.language,
        interims=False,
        end_of_turn_ms=settings.END_OF_TURN_MS,
        longest_turn_s=settings.LONGEST_TURN_S,
        live=False,
        known_s=channel.known_s,
        translate=options.translate,
    )


def _utterance(job_id: UUID, turn: SpokenTurn, base: datetime) -> Utterance:
    result: RecognitionResult = turn.result

    def at(seconds: float) -> datetime:
        return base + timedelta(seconds=seconds)

    words = tuple(SpokenWord(word.text, at(word.start), at(word.end), word.confidence) for word in result.words)
    identity = uuid5(job_id, f"channel {turn.channel} at {round(result.start * 1000)} ms")
    start, end = at(result.start), at(result.end)
    return Utterance(result.text, words, result.confidence, start, end, identity, translation=result.translation)
