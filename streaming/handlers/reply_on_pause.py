"""ReplyOnPause: calls a function with the user's turn once the user pauses, and plays its reply, which the user may interrupt."""

import asyncio
import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from streaming.audio.rates import NO_SOUND
from streaming.handlers.context import error_message, get_current_context, log_message
from streaming.handlers.early_text import EarlyText, current_turn, transcribed_by
from streaming.handlers.end_of_turn import TurnDetection, end_of_turn_model
from streaming.handlers.endpointing_options import LONGEST_TURN_S, AlgoOptions, InterruptionOptions, SileroVadOptions, turn_detector_options
from streaming.handlers.fastrtc_compat import WebRTCData
from streaming.handlers.generators import GeneratorRun, GeneratorRuns
from streaming.handlers.handler_types import positional
from streaming.handlers.interruptions import Interruptions
from streaming.handlers.stream_handlers import AudioFrame, Host, InLoopHandler, StreamHandler
from streaming.handlers.turn_listener import TurnListener
from streaming.handlers.vad_chunks import AppState, PauseModel, SileroModel, add_to_buffer, chunk_ends_turn
from streaming.speech.interruptions import ReplyPosition
from streaming.speech.turn_detector import Turn
from streaming.types.client_connection import Pcm

FIRST_INPUTS_S = 10.0
"""Seconds that a reply waits for the client's first inputs."""
NEW_INPUTS_S = 2.0
"""Seconds that a reply waits for new inputs of a client that has sent some before."""

MODEL = SileroModel()


@dataclass(slots=True, eq=False)
class _Reply:
    run: GeneratorRun
    announces: bool
    announced: bool = False


class ReplyOnPause(InLoopHandler, StreamHandler):
    """Calls `fn` with the user's turn once the user pauses, and plays what it yields.

    Args:
        fn: generator function, synchronous (run in its own thread) or asynchronous, of ((rate, array), *inputs); array is int16 of
            shape (1, n). It yields what `emit` may return.
        startup_fn: generator function of the inputs; what it yields is played at the start of the session.
        algo_options, model_options: see `AlgoOptions` and `SileroVadOptions`.
        can_interrupt: whether the user may interrupt the reply by speaking; otherwise the user's audio is ignored until it was played.
        model: an object with vad((rate, array), options) -> (seconds of speech, chunks), used instead of our VAD.
        needs_args: request inputs from the client before each reply, even if `fn` has no parameters for them.
        turn_detection: an addition of Parley: what decides that the user's turn is over. "pause": a silence of `min_silence_ms`. "words":
            the words, which are decoded at each pause: a complete sentence ends the turn early, an unfinished one late (English). Or a
            model of your own (`EndOfTurnModel`). Without effect with `model` or an overridden `determine_pause`.
        interruption_options: an addition of Parley, see `InterruptionOptions`.
    """

    wants_progress = False
    """An addition of Parley: whether `progress` is called while the user speaks."""
    parley_pauses = True
    parley_decodes_early = True
    """Whether turns are decoded during the pause at their end, if `fn` transcribes them."""
    parley_takes_data = False
    """Whether `fn` gets WebRTCData, with the audio and a typed text, in place of the audio; for pages with a text box."""
    parley_joins_turns = True
    """Whether a turn whose reply was interrupted at its beginning is part of the next turn."""

    def __init__(
        self,
        fn: Callable[..., Any],
        startup_fn: Callable[..., Any] | None = None,
        algo_options: AlgoOptions | None = None,
        model_options: Any = None,
        can_interrupt: bool = True,
        expected_layout: str = "mono",
        output_sample_rate: int = 24000,
        output_frame_size: int | None = None,
        input_sample_rate: int = 48000,
        model: PauseModel | None = None,
        needs_args: bool = False,
        turn_detection: TurnDetection = "pause",
        interruption_options: InterruptionOptions | None = None,
    ) -> None:
        self._end_of_turn = end_of_turn_model(turn_detection)
        self.interruption_options = interruption_options or InterruptionOptions()
        self.fn = fn
        self.startup_fn = startup_fn
        self.algo_options = algo_options or AlgoOptions()
        self.model_options = model_options
        self.can_interrupt = can_interrupt and self.interruption_options.allow_interruptions
        self.model = model or MODEL
        self.needs_args = needs_args
        mine = type(self)
        self._by_chunks = (
            model is not None
            or mine.determine_pause is not ReplyOnPause.determine_pause
            or mine.process_audio is not ReplyOnPause.process_audio
        )
        self.parley_receives_at_once = not self._by_chunks and mine.receive is ReplyOnPause.receive
        self.parley_waits_itself = mine.emit is ReplyOnPause.emit
        super().__init__(expected_layout, output_sample_rate, output_frame_size, input_sample_rate)

    def parley_begin_afresh(self) -> None:
        """Reset all state of a session."""
        super().parley_begin_afresh()
        self.state = AppState()
        self._listener: TurnListener | None = None
        self._early_text: EarlyText | None = None
        self._interruptions: Interruptions | None = None
        self._turn: Turn | None = None
        self._answered: Turn | None = None  # of the reply that is being produced or played
        self._continued: Turn | None = None  # its reply was interrupted before much was heard: the next turn contains it
        self._played_before_s = 0.0  # the seconds that the client had played when the reply began
        self._triggered = False
        self._needless = False  # whether a reply was to come at the last trigger
        self._text = ""  # typed by the user, for the reply that is due
        self._starting = False
        self._unanswered = False  # the client did not answer the last request for inputs: the next one does not wait
        self._reply: _Reply | None = None
        self._due = asyncio.Event()
        self._runs = GeneratorRuns()
        self._interrupted = 0  # a wait for an item that began before one must not take an item of the next turn

    def copy(self) -> Self:
        """Return a handler for another session."""
        other = copy.copy(self)
        other.parley_begin_afresh()
        return other

    def set_args(self, args: list[Any]) -> None:
        """Set the inputs for the next call; the next request for inputs waits for the client again."""
        super().set_args(args)
        self._unanswered = False

    def parley_join(self, host: Host) -> None:
        """Attach to a session and start turn detection."""
        super().parley_join(host)
        self._interruptions = Interruptions(self, host, self.interruption_options)
        if not self._by_chunks:
            asks_end = self._end_of_turn is not None
            options = turn_detector_options(
                self.algo_options,
                self._vad_options,
                progress=self.wants_progress,
                asks_end=asks_end,
                asks_onset=self.can_interrupt and self.interruption_options.holds,
                ignore_softer_db=self.interruption_options.ignore_softer_db,
            )
            self._listener = TurnListener(self, options, self.input_sample_rate, self._end_of_turn)
            self._early_text = EarlyText(transcribed_by(self.fn))
        if self.startup_fn is not None:
            self._starting = True
            self._due.set()

    def parley_leave(self) -> None:
        """Stop turn detection and the reply."""
        if self._listener is not None:
            self._listener.close()
        if self._early_text is not None:
            self._early_text.close()
        if self._interruptions is not None:
            self._interruptions.close()
        if self._reply is not None:
            self._reply.run.close()

    # -- input

    def receive(self, frame: AudioFrame) -> None:
        """Pass an audio frame to turn detection."""
        busy = self.busy
        if busy and not self.can_interrupt:
            return
        rate, samples = frame
        flat = np.asarray(samples).reshape(-1)
        if self.expected_layout == "stereo":
            flat = flat[::2]
        if self._listener is not None:
            self._listener.detector.during_reply = busy
            self._listener.detector.feed(flat)
            return
        began = self.state.started_talking
        self.process_audio((rate, flat), self.state)
        if self.state.started_talking and not began:
            self.loop.call_soon_threadsafe(self.began)
        if self.state.pause_detected:
            self._end_by_chunks()

    def process_audio(self, audio: AudioFrame, state: AppState) -> None:
        """Add a frame to the state, for detection by chunks. An override needs no other override."""
        rate, samples = audio
        buffer = add_to_buffer(state, rate, np.asarray(samples).reshape(-1))
        state.pause_detected = self.determine_pause(buffer, state.sampling_rate, state)

    def determine_pause(self, audio: Pcm, sampling_rate: int, state: AppState) -> bool:
        """Return whether the user has paused, for detection by chunks; `audio` is the audio since the last decision."""
        return chunk_ends_turn(self.model, self.algo_options, self.model_options, audio, sampling_rate, state)

    def trigger_response(self) -> None:
        """Reply to the audio so far, without waiting for a pause; without effect before a reply that is to come anyway. Any thread."""
        self._needless = self._is_to_come  # turn detection ends the turn later, when that reply may be over
        self._triggered = True
        if self._listener is not None:
            self._listener.detector.flush()
        else:
            self._end_by_chunks()

    def parley_submit(self, text: str) -> None:
        """Reply to a text that the user typed. Event loop only."""
        self._text = text
        self.trigger_response()

    @property
    def busy(self) -> bool:
        """Whether a reply is due, in progress, or not played to its end."""
        return self._due.is_set() or self._reply is not None or self.parley.playing

    @property
    def _is_to_come(self) -> bool:
        """Whether a reply waits for the client's inputs, or has not given its first item: a hook may set the inputs, then trigger."""
        return self._due.is_set() or (self._reply is not None and self._reply.announces and not self._reply.announced)

    @property
    def parley_backlog_s(self) -> float:
        """Seconds of audio that wait for turn detection."""
        return self._listener.detector.waiting_s if self._listener is not None else 0.0

    def parley_at_rest(self) -> bool:
        """Return whether neither the user is speaking nor a reply is due or playing."""
        return self._listener is not None and self._listener.detector.calm and not self.busy

    # -- the user's turn, in the event loop

    def may_begin(self, possible: bool) -> None:
        """Handle sound that may be the start of speech, or that nothing followed: the reply is silent meanwhile."""
        if self._interruptions is not None and (not possible or self.busy):
            self._interruptions.may_begin(possible)

    def began(self) -> None:
        """Handle the start of speech: pause the reply, if `can_interrupt`, until it is decided whether the speech interrupts it."""
        self.state.started_talking = True
        if self._listener is not None and self._early_text is not None and self.parley_decodes_early:
            self._listener.detector.reports_pauses = self._early_text.wanted
        self.parley.send_message(log_message("started_talking"))
        if self.busy and self.can_interrupt and self._interruptions is not None:
            self._interruptions.began()

    def progress(self, turn: Turn) -> None:
        """Handle continued speech; called only if `wants_progress`."""

    def may_have_ended(self, turn: Turn) -> None:
        """Handle a pause that may end the turn: decode it now, since `fn` transcribes its turns."""
        if self._early_text is not None:
            self._early_text.paused(turn)

    def dropped(self) -> None:
        """Handle a turn that was discarded because it was no speech."""
        self.state.started_talking = False
        if self._interruptions is not None:
            self._interruptions.dropped()
        if self._continued is not None and not self.busy:  # what interrupted the reply was no speech after all
            self._turn, self._continued = self._continued, None
            self._due.set()

    def vad_unavailable(self) -> None:
        """Send an error: the VAD cannot be loaded."""
        self.parley.send_message(error_message("turn detection is not available: the VAD model of this server cannot be loaded"))

    def ended(self, turn: Turn) -> None:
        """Handle the end of a turn: let `emit` reply, unless it turns out to be no interruption of the reply that is playing."""
        triggered, self._triggered = self._triggered, False
        if triggered and self._needless and not len(turn.samples) and not self._text:
            return
        if self._interruptions is not None and self._interruptions.open:
            if not triggered:
                self._interruptions.ended(turn)
                return
            self._interruptions.cancel()
        if self.busy:
            if not self.can_interrupt:
                return
            self.parley_interrupt()
        self.parley_answer(turn)

    def parley_answer(self, turn: Turn) -> None:
        """Let `emit` reply to a turn, together with the previous one where the user had only paused."""
        before, self._continued = self._continued, None
        if before is not None and before.rate == turn.rate:
            turn = before.followed_by(turn, min(LONGEST_TURN_S, self.algo_options.max_continuous_speech_s))
        self.state.stream, self.state.sampling_rate, self.state.pause_detected = turn.samples, turn.rate, True
        self._turn = turn
        self._due.set()

    def parley_peek(self, take: Callable[[Turn], None]) -> None:
        """Call `take` with the open turn so far, in the event loop; never, if no turn is open then."""
        if self._listener is not None:
            self._listener.peek(take)
        elif self.state.stream is not None:
            take(Turn(self.state.stream, self.state.sampling_rate or self.input_sample_rate))

    # -- interruptions of the reply, in the event loop

    @property
    def parley_position(self) -> ReplyPosition:
        """How much of the reply was heard, and how much is left."""
        heard_s = 0.0 if self._due.is_set() else self.parley.played_s - self._played_before_s
        producing = self._due.is_set() or self._reply is not None
        return ReplyPosition(heard_s, math.inf if producing else self.parley.left_s)

    def parley_hold(self) -> None:
        """Stop the audio of the reply, since the user may have begun to speak."""
        self.parley.pause_audio()

    def parley_end_hold(self) -> None:
        """Continue it: the user did not."""
        self.parley.resume_audio()

    def parley_pause(self) -> None:
        """Pause the reply, since the user speaks."""
        self.parley.pause_audio()
        self.parley.send_message(log_message("response_paused"))

    def parley_resume(self) -> None:
        """Continue the reply where it was paused: what the user said is a backchannel or a noise."""
        self.parley.resume_audio()
        self.parley.send_message(log_message("response_resumed"))
        self.on_false_interruption()

    def parley_interrupt(self) -> None:
        """End the reply for good, since the user interrupts it."""
        heard_s = self.parley_position.heard_s
        turn = self._answered if self._turn is None else self._turn
        self._interrupt()
        if turn is not None and self.parley_joins_turns and heard_s < self.interruption_options.join_turn_s:
            self._continued = turn
        self.on_interruption(heard_s)

    def on_interruption(self, heard_s: float) -> None:
        """An addition of Parley, to be overridden: the reply was interrupted when `heard_s` seconds of it were played. Must not block."""

    def on_false_interruption(self) -> None:
        """An addition of Parley, to be overridden: the reply continues after a pause. Must not block."""

    # -- output

    def emit(self) -> Any:
        """Return the next item of the reply; block until there is one. For overrides only: the session calls `parley_emitter`."""
        return self.parley.wait_here(self._next_item())

    def parley_emitter(self) -> Callable[[], Any]:
        """Return the coroutine function behind `emit`, unless a subclass overrides `emit`."""
        return self._next_item if self.parley_waits_itself else self.emit

    def reset(self) -> None:
        """Prepare for the next turn, which requests the inputs again."""
        super().reset()
        self.state = self.state.new()

    async def _next_item(self) -> Any:
        interrupted = self._interrupted
        if self._reply is None:
            await self._due.wait()
            if interrupted != self._interrupted:
                return None
            started = await self._start_reply()
            if interrupted != self._interrupted:
                started.run.close()
                return None
            self._reply = started
            self._due.clear()
        reply = self._reply
        try:
            item = await reply.run.next()
        except StopAsyncIteration:
            self._end(reply)
            return None
        except Exception:
            self._end(reply)
            raise
        if reply is not self._reply:
            return None
        if reply.announces and not reply.announced:
            reply.announced = True
            self.parley.send_message(log_message("response_starting"))
        return item

    async def _start_reply(self) -> _Reply:
        self.state.responding = True
        self._played_before_s = self.parley.played_s
        if self._starting and self.startup_fn is not None:
            self._starting = False
            takes = positional(self.startup_fn)[1]
            if takes:
                await self._renew_inputs()
            return _Reply(await self._runs.begin(self.startup_fn, tuple(self.latest_args[1 : takes + 1])), announces=False)
        turn, self._turn = self._turn or Turn(NO_SOUND, self.input_sample_rate), None
        self._answered = turn
        self.parley.send_message(log_message("pause_detected"))
        takes = positional(self.fn)[1]
        if takes > 1 or self.needs_args:
            await self._renew_inputs()
        current_turn.set(self._early_text.answered(turn) if self._early_text is not None else None)
        self.latest_args[0] = first = self._first_argument((turn.rate, turn.samples.reshape(1, -1)))
        return _Reply(await self._runs.begin(self.fn, (first, *self.latest_args[1:takes])), announces=True)

    def _first_argument(self, audio: AudioFrame) -> Any:
        """Return the audio; in WebRTCData with the typed text, where the page or the program's inputs have a text box."""
        given = self.latest_args[0]
        if isinstance(given, WebRTCData) and given.audio is None:  # set by the program, and not used yet
            return given.model_copy(update={"audio": audio})
        if not self.parley_takes_data:
            return audio
        text, self._text = self._text, ""
        return WebRTCData(webrtc_id=get_current_context().webrtc_id, textbox=text, audio=audio)

    async def _renew_inputs(self) -> None:
        """Request the client's inputs; without an answer use its previous ones, and let the next reply not wait."""
        if self.args_set.is_set() or self.phone_mode:
            return
        await self.fetch_args()
        limit_s = NEW_INPUTS_S if len(self.latest_args) > 1 else FIRST_INPUTS_S
        try:
            async with asyncio.timeout(0 if self._unanswered else limit_s):
                await self.args_set.wait()
        except TimeoutError:
            self._unanswered = True

    def _end(self, reply: _Reply) -> None:
        reply.run.close()
        if reply is self._reply:
            self._reply = None
            self.reset()

    def _interrupt(self) -> None:
        """Stop the reply and discard the one that is due."""
        self._interrupted += 1
        reply, self._reply = self._reply, None
        self._turn = self._answered = None
        self._starting = False
        self._due.clear()
        self.parley.interrupt()
        if reply is not None:
            reply.run.close()
        super().reset()

    @property
    def _vad_options(self) -> SileroVadOptions:
        return self.model_options if isinstance(self.model_options, SileroVadOptions) else SileroVadOptions()

    def _end_by_chunks(self) -> None:
        """End the turn with the audio of the state; any thread."""
        state, self.state = self.state, self.state.new()
        turn = Turn(NO_SOUND if state.stream is None else state.stream, state.sampling_rate or self.input_sample_rate)
        self.loop.call_soon_threadsafe(self.ended, turn)
