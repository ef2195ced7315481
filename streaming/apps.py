"""The Django app configuration of `streaming`."""

from django.apps import AppConfig


class StreamingConfig(AppConfig):
    """Live sessions and streams."""

    name = "streaming"
    verbose_name = "Streaming"

    def ready(self) -> None:
        """Subscribe to the signals of the recorder and of jobs, which report what is stored outside of sessions; add jobs with audio."""
        from insights import spoken_languages, stored_audio, voice_enrolment  # imported here because the models need all apps to be loaded
        from streaming import recogniser
        from streaming.cluster import insights_signals
        from streaming.conversations.voice_enrolment import SpeakerEnroller
        from streaming.imports import import_audio  # noqa: F401  # registers its handler
        from streaming.imports.enrolment_recording import audio_of
        from streaming.recordings import erasure, mix, removal

        insights_signals.connect()
        erasure.connect()
        removal.connect()
        stored_audio.register(mix.open_audio)
        spoken_languages.register(recogniser.languages)
        voice_enrolment.register(SpeakerEnroller(audio_of))
