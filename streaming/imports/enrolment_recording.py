"""The audio of a recording by which a person enrols a voice. It is decoded as an imported file is, and kept nowhere."""

from insights.imports import waiting_files
from insights.voice_enrolment import EnrolmentRefused, SampleProblem
from streaming.audio.decoded_records import DecodeOptions
from streaming.imports.decoded_file import DecodedFile, FileRefused

LONGEST_S = 90.0
"""Seconds of a recording."""


def audio_of(content: bytes) -> bytes:
    """Return the audio of a file as LINEAR16, mono, 16 kHz. Raises EnrolmentRefused."""
    path = waiting_files.new_part()
    try:
        waiting_files.write(path, content)
        with DecodedFile(path, DecodeOptions(seconds=LONGEST_S)) as decoded:
            path.unlink()  # the decoding process has opened it
            decoded.header()
            return b"".join(decoded.blocks())
    except FileRefused as refused:
        raise EnrolmentRefused(SampleProblem.FORMAT, detail=str(refused)) from None
    finally:
        path.unlink(missing_ok=True)
