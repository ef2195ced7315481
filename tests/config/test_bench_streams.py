"""The benchmarks of streams: the pure parts exactly, each measurement once with a few short sessions. No time is asserted."""

import base64
import json
import os
import signal
import subprocess
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from av import CodecContext, Packet
from django.core.management import CommandError, call_command

from tests import servers
from tests.bench import baselines, report, rounds
from tests.bench.child_processes import token_of
from tests.bench.clients import pictures
from tests.bench.clients.agent_clients import RATE as CLIENT_RATE
from tests.bench.clients.interrupting_clients import SILENT_S, InterruptingSpeaker, Playback
from tests.bench.clients.noise import FRAME, SILENCE, Noise, NoiseEcho
from tests.bench.clients.peers import BEEP, FAINT, PITCHES, RATE, Listener, delays
from tests.bench.command import Command, _parts
from tests.bench.process import ROOT, BenchError, Process
from tests.bench.rounds import Measured
from tests.bench.scale import TINY
from tests.bench.scenarios import agent, growth, interruptions, optimisations, streams, video, webrtc
from tests.bench.targets import BARE, DAPHNE, FASTRTC, SITE, UVICORN, Target, targets
from tests.servers import copied


@pytest.fixture(scope="module")
def environment(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of a server on an existing database."""
    data = str(copied(migrated_data, tmp_path_factory.mktemp("bench") / "data"))
    own = {"DATA_DIR": data, "HOST": "127.0.0.1", "PORT": "0", "RECOGNISER": "scripted", "DJANGO_SETTINGS_MODULE": SITE}
    return {**os.environ, **own}


@pytest.fixture(scope="module")
def process(environment: dict[str, str]) -> Iterator[Process]:
    """Parley on uvicorn as the benchmark starts it."""
    with Process([sys.executable, "-m", "tests.bench.profiled_server", "uvicorn"], environment) as process:
        yield process


@pytest.fixture(scope="module")
def parley(process: Process, environment: dict[str, str]) -> Target:
    """A Parley server with the measured streams, and a token for it."""
    url = process.said("http://")
    process.until_it_answers(f"{url}/readyz")
    command = [sys.executable, "manage.py", "createapp", "--email", "bench@example.com", "--json"]
    app = json.loads(subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout)
    return Target(UVICORN, url, process.pid, token_of(url, app))


@pytest.fixture(scope="module")
def bare() -> Iterator[Target]:
    """The server that only echoes."""
    with targets([FASTRTC, BARE]) as found:
        assert [target.name for target in found] == [BARE]
        yield found[0]


WITHOUT_EACH = """
import os
import sys
import django
django.setup()
from django.apps import apps
from config.uvicorn_websocket import PacedWebSocketProtocol
from insights.compiled_query import CompiledQuery
from streaming.sessions.audio_io import SilenceBuffer
from streaming.transports.loop_lag import Lag
from streaming.transports.stream_socket import StreamConsumer
from tests.bench.site import handlers

for name in sys.argv[1:]:
    if os.fork():
        assert os.wait()[1] == 0, name
        continue
    os.environ["BENCH_WITHOUT"] = name
    apps.get_app_config("bench_site").ready()
    import config.signalling
    found = (SilenceBuffer.push, StreamConsumer.batched_receive, handlers.wait_for_item)
    found += (PacedWebSocketProtocol._writes_frames.fget, Lag.stalled, config.signalling.signalling_first, CompiledQuery.compiled)
    print(name, [one.__module__ == "tests.bench.site.without" for one in found], flush=True)
    os._exit(0)
"""
"""A process that makes its app ready without one optimisation after the other, each in a fork, as imports are most of a start."""


def quiet(text: str) -> None:
    """Collect the output of a part."""


class TestParts:
    """Each part, end to end."""

    def test_streams(self, parley: Target, bare: Target) -> None:
        """Every frame returns to every socket, all blocking handlers are served, every subscriber gets every output."""
        result = streams.measure([parley, bare], TINY, quiet)
        for one in result.data["echo"]:
            figures = one["figures"]
            assert (one["errors"], figures["served"], figures["lost"]) == ([], TINY.sockets, 0)
            assert figures["p50"] > 0
        assert [one["figures"]["copies"] for one in result.data["subscribers"]] == [TINY.subscribers, TINY.subscribers]
        (blocking,) = result.data["blocking"]
        assert blocking["figures"]["served"] == TINY.blocking
        reached = {goal.figure: goal.reached for goal in result.goals}
        assert reached["blocking handlers at once"]
        assert reached[f"CPU per WebSocket stream at {TINY.sockets} (uvicorn)"] is None, "not judged without FastRTC"

    def test_webrtc(self, parley: Target, bare: Target) -> None:
        """Both servers answer, and each peer receives audio and its own beeps."""
        result = webrtc.measure([parley, bare], TINY, quiet)
        for one in result.data["1"]:
            figures = one["figures"]
            assert figures["first_sound"] > figures["answer"] > 0
            assert figures["frames_per_s"] > 0
            assert figures["p50"] > 0
        assert [row[1] for row in result.tables[0].rows] == [UVICORN, BARE]

    def test_video(self, parley: Target, bare: Target) -> None:
        """Numbered frames come back from both servers, and Parley's handler has changed them."""
        result = video.measure([parley, bare], TINY, quiet)
        for one in result.data["1"]:
            figures = one["figures"]
            assert (one["errors"], figures["unread"]) == ([], 0)
            assert figures["p50"] > 0
            assert figures["frames_per_s"] > 0
        ours, theirs = (one["figures"] for one in result.data["1"])
        assert ours["plain"] == 0
        assert theirs["plain"] > 0
        assert [row[1] for row in result.tables[0].rows] == [UVICORN, BARE]

    @pytest.mark.skipif(not agent.is_installed("kokoro"), reason="no voice is installed (make test installs flite where it may)")
    @pytest.mark.parametrize("transport", ["websocket", "webrtc"])
    def test_agent(self, parley: Target, transport: str) -> None:
        """An answer is heard after the end of the turn, which is after the pause."""
        found = agent.talk(parley.url, transport, 1)
        assert found["errors"] == []
        [delay], [end] = found["delays"], found["turn_ends"]
        assert agent.ENDPOINTING_S - 0.1 < end <= delay + 0.1

    @pytest.mark.skipif(not agent.is_installed("flite"), reason="flite is not installed (make test installs it where it may)")
    def test_interruptions(self, parley: Target) -> None:
        """Speech of each kind silences the reply, which then ends or continues."""
        found = interruptions.talk(parley.url, "websocket", 1, noises=False)
        assert found["errors"] == []
        assert [one["kind"] for one in found["trials"]] == ["interruption", "backchannel"]
        assert all(one["silent_s"] >= 0 and one["outcome"] in ("ended", "continued") for one in found["trials"])

    def test_optimisations(self, parley: Target) -> None:
        """Each optimisation is measured on a server with it and on one without it."""
        both = [Target(name, parley.url, parley.pid, parley.token) for name in (optimisations.ALL, *optimisations.NAMES)]
        result = optimisations.measure(both, TINY, quiet)
        assert {name: [one["name"] for one in found] for name, found in result.data.items()} == {
            name: [optimisations.ALL, name] for name in optimisations.NAMES
        }
        assert [one["errors"] for found in result.data.values() for one in found] == [[]] * 2 * len(optimisations.NAMES)
        assert [row[0] for row in result.tables[0].rows] == [f"`{name}`" for name in optimisations.NAMES]

    def test_a_server_without_an_optimisation(self, tmp_path: Path) -> None:
        """BENCH_WITHOUT replaces the code of exactly one when the app is ready; `silence_buffer` includes `read_batching`."""
        own = {"DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": SITE}
        command = [sys.executable, "-c", WITHOUT_EACH, *optimisations.NAMES]
        done = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=True)
        replaced = {name: json.loads(found) for name, found in (line.split(" ", 1) for line in done.stdout.lower().splitlines())}
        assert list(replaced) == list(optimisations.NAMES)
        for name, found in replaced.items():
            assert found == [one == name or (one, name) == ("read_batching", "silence_buffer") for one in optimisations.NAMES]

    def test_growth(self, parley: Target, bare: Target) -> None:
        """Clients use both transports; nothing of their sessions is left, and every handler was shut down."""
        result = growth.measure([parley, bare], TINY, quiet)
        assert [(one["name"], one["transport"], one["failures"]) for one in result.data["growth"]] == [
            (UVICORN, "sockets", []),
            (UVICORN, "peers", []),
        ]
        assert [goal.reached for goal in result.goals] == [True, True], [goal.measured for goal in result.goals]
        last = result.data["growth"][-1]["looks"][-1]["left"]
        assert last["begun"] == last["shut_down"] == 2 * (TINY.warm_visits + TINY.visits)

    def test_a_server_that_refuses(self, parley: Target, monkeypatch: pytest.MonkeyPatch) -> None:
        """A run against an unknown stream has no figures and reports the clients' errors. The clients are an interpreter of their own."""
        monkeypatch.setattr(servers, "fork_server", None)
        (one,) = rounds.in_turn([parley], "peer_clients", "no-such-stream", {"mode": "call", "peers": 1}, TINY)
        assert (one["answer"], one["first_sound"], one["p50"]) == (None, None, None)
        assert rounds.complaints([one])[0].startswith(f"Clients of {UVICORN} met: no answer")

    def test_tasks_on_uvicorn(self, parley: Target, process: Process) -> None:
        """On SIGUSR1 the server reports its number of tasks, on uvicorn's loop too."""
        os.kill(parley.pid, signal.SIGUSR1)
        assert int(process.said("tasks ")) > 0

    def test_a_server_that_does_not_start(self) -> None:
        """The error of a server that exits at once has its output."""
        with pytest.raises(BenchError, match="has ended"), targets([FASTRTC], "/bin/false"):
            pass


class TestNoise:
    """Noise frames are recognised in pieces of any size."""

    NOISE = Noise(5)

    def test_messages_carry_the_audio(self) -> None:
        """Each message holds 20 ms of audio, as FastRTC's clients send it."""
        payloads = [json.loads(text)["media"]["payload"] for text in self.NOISE.messages]
        assert b"".join(map(base64.b64decode, payloads)) == self.NOISE.sound
        assert len(base64.b64decode(json.loads(SILENCE)["media"]["payload"])) == FRAME

    def test_whole_frames(self) -> None:
        """Frames that return unchanged are counted one by one."""
        echo = NoiseEcho(self.NOISE)
        assert [list(echo.take(self.NOISE.sound[at : at + FRAME])) for at in range(0, 3 * FRAME, FRAME)] == [[0], [1], [2]]

    def test_other_pieces(self) -> None:
        """A frame counts when its last byte arrives, wherever the pieces are cut."""
        echo, sound = NoiseEcho(self.NOISE), self.NOISE.sound
        assert list(echo.take(sound[:100])) == []
        assert list(echo.take(sound[100:330])) == [0, 1]

    def test_a_gap(self) -> None:
        """After a loss the following frames are matched again."""
        echo, sound = NoiseEcho(self.NOISE), self.NOISE.sound
        echo.take(sound[:FRAME])
        assert list(echo.take(sound[3 * FRAME : 4 * FRAME])) == [3]
        assert echo.strange == 0

    def test_unknown_audio(self) -> None:
        """Audio that was never sent is no echo."""
        echo = NoiseEcho(self.NOISE)
        assert list(echo.take(Noise(1, seed=2).sound)) == []
        assert echo.strange == 1


class TestBeeps:
    """Beeps are detected in audio and matched with the sent ones."""

    def test_detector_reports_the_pitch(self) -> None:
        """A beep of two frames in faint noise is detected once, at its start."""
        faint = np.random.default_rng(1).normal(0, FAINT, 960).astype(np.int16)
        listener = Listener()
        for number in range(20):
            beep = (BEEP * np.sin(2 * np.pi * PITCHES[5] * np.arange(960) / RATE)).astype(np.int16)
            listener.process(beep if number in (7, 8) else faint, RATE, float(number))
        assert listener.heard == [(7.0, 5)]

    def test_delays_are_from_the_last_beep_of_that_pitch(self) -> None:
        """An echo after the next beep matches its own beep; an echo that was never sent matches none."""
        sent = [(1.0, 0), (1.5, 1), (5.0, 0)]
        assert delays(sent, [(1.75, 0), (1.8, 1), (5.25, 0), (6.0, 7)]) == [(1.0, 0.75), (1.5, pytest.approx(0.3)), (5.0, 0.25)]


class TestPictures:
    """Frames carry numbers that survive their encoding."""

    @pytest.mark.parametrize("number", [0, 1, 170, 299, 4095])
    @pytest.mark.parametrize("negative", [False, True])
    def test_the_number_is_read(self, number: int, negative: bool) -> None:
        """Also in the negative of a frame."""
        picture = pictures.drawn(number)
        assert pictures.number_in(255 - picture if negative else picture) == (number, negative)

    def test_a_clip_survives_vp8(self) -> None:
        """Each decoded frame has its number; the first one is a keyframe."""
        decoder = CodecContext.create("libvpx", "r")
        clip = pictures.encoded(5)
        decoded = [frame for data in clip for frame in decoder.decode(Packet(data))]
        assert [pictures.number_in(pictures.luma(frame)) for frame in decoded] == [(number, False) for number in range(5)]
        assert not clip[0][0] & 1

    def test_another_picture_has_no_number(self) -> None:
        """A grey picture, one of another size, and a blurred one are not read."""
        assert pictures.number_in(np.full((pictures.HEIGHT, pictures.WIDTH), 128, np.uint8)) is None
        assert pictures.number_in(pictures.drawn(7)[:240]) is None
        assert pictures.number_in((pictures.drawn(7) // 8 + 100).astype(np.uint8)) is None


class TestJudgement:
    """A goal is missed if a figure is worse, and undecided without a figure."""

    @staticmethod
    def echo(name: str, **figures: float) -> Measured:
        """Return good measurements of a server, except for the given ones."""
        return Measured(name, {"p50": 0.001, "drift": 0.0, "cpu_ratio": 0.7, "cores": 0.1, **figures})

    @pytest.mark.parametrize(
        ("figures", "reached"),
        [
            ({}, [True, True, True]),
            ({"p50": 0.0031}, [False, True, True]),
            ({"drift": 0.02}, [True, False, True]),
            ({"cpu_ratio": 0.81}, [True, True, False]),
        ],
    )
    def test_echo(self, figures: dict[str, float], reached: list[bool]) -> None:
        """Delay, drift and CPU each have their own goal."""
        found = [self.echo(FASTRTC, cpu_ratio=1.0), self.echo(UVICORN, **figures), self.echo(DAPHNE, p50=9.0)]
        assert [goal.reached for goal in streams._echo_goals(found, TINY)] == reached

    def test_nothing_came_back(self) -> None:
        """A server that echoes nothing reaches no goal."""
        assert [goal.reached for goal in streams._echo_goals([Measured(UVICORN)], TINY)] == [False]

    def test_webrtc(self) -> None:
        """Answer, first audio, echo and CPU have goals as ratios to FastRTC; without it they are undecided."""
        theirs = {"answer": 0.1, "first_sound": 0.4, "p50": 0.2, "cpu_ratio": 1.0}
        ours = Measured(UVICORN, {"answer": 0.016, "first_sound": 0.14, "p50": 0.08, "cpu_ratio": 0.8})
        assert [goal.reached for goal in webrtc._goals([Measured(FASTRTC, theirs), ours], 16)] == [False, True, True, True]
        assert [goal.reached for goal in webrtc._goals([Measured(BARE, theirs), ours], 16)] == [None] * 4

    def test_video(self) -> None:
        """One peer has goals of loss and latency, several have one of frames per second; ratios are judged only beside FastRTC."""
        theirs = {"p50": 0.1, "lost": 0.0, "frames_per_s": 20.0}
        good = [Measured(FASTRTC, theirs), Measured(UVICORN, {"p50": 0.05, "lost": 0.0, "frames_per_s": 20.0})]
        bad = [Measured(FASTRTC, theirs), Measured(UVICORN, {"p50": 0.051, "lost": 0.01, "frames_per_s": 19.9})]
        alone = [Measured(BARE, theirs), good[1]]
        reached = {
            name: [goal.reached for peers in (1, 8) for goal in video._goals(found, peers)]
            for name, found in (("good", good), ("bad", bad))
        }
        assert reached == {"good": [True, True, True], "bad": [False, False, False]}
        assert [goal.reached for peers in (1, 8) for goal in video._goals(alone, peers)] == [True, None, None]

    def test_ratio_is_within_a_round(self) -> None:
        """CPU is divided by the base's in the same round, and the median of these ratios counts."""
        answers = {
            BARE: [{"cores": 1.0, "errors": []}, {"cores": 4.0, "errors": []}, {"cores": 2.0, "errors": []}],
            UVICORN: [{"cores": 2.0, "errors": ["x"]}, {"cores": 4.0, "errors": []}, {"cores": 6.0, "errors": []}],
        }
        rounds._compare(answers)
        found = rounds._median(UVICORN, answers[UVICORN])
        assert (found["cpu_ratio"], found["cores"], found.errors) == (2.0, 4.0, ["x"])


class TestSummary:
    """The summary keeps the rows of parts that were not measured again."""

    PAGE = "before\n<!-- bench: goals -->\n<!-- end: goals -->\nafter"

    def test_rows_of_a_part_are_replaced_in_their_place(self) -> None:
        """When the first of two parts is measured again, its rows stay first."""
        page = report.summary(self.PAGE, "streams", [report.Goal("a", "< 1", "2", reached=False), report.Goal("b", "-", "3")], "day 1")
        page = report.summary(page, "webrtc", [report.Goal("c", "< 1", "0", reached=True)], "day 1")
        page = report.summary(page, "streams", [report.Goal("d", "< 1", "0", reached=True)], "day 2")
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| ")][1:]
        assert [(line[0], line[4], line[5]) for line in lines] == [("d", "yes", "streams, day 2"), ("c", "yes", "webrtc, day 1")]
        assert page.startswith("before\n")
        assert page.endswith("\nafter")

    def test_a_missed_goal_is_bold(self) -> None:
        """ "No" is in bold."""
        assert report.Goal("a", "< 1", "2", reached=False).cells()[-1] == "**no**"


class TestCommand:
    """Arguments of the command."""

    def test_parts(self) -> None:
        """Parts are separated by commas; the error names an unknown one."""
        assert _parts("streams,webrtc") == ["streams", "webrtc"]
        with pytest.raises(ArgumentTypeError, match="no part 'nonsense'"):
            _parts("streams,nonsense")

    def test_a_python_without_fastrtc(self) -> None:
        """A Python without FastRTC is refused before any measurement."""
        with pytest.raises(CommandError, match="--fastrtc"):
            call_command(Command(), "--only", "streams", "--fastrtc", "/bin/false")


def test_fastrtc_can_run_the_handlers() -> None:
    """The measured handlers have our package in one import line, so that FastRTC can run them after one change."""
    handlers = Path(baselines.__file__).parents[1] / "site" / "handlers.py"
    lines = handlers.read_text().splitlines()
    assert [line for line in lines if "streaming" in line.split()] == [line for line in lines if line.startswith("from streaming import")]
    assert sum(line.startswith("from streaming import") for line in lines) == 1


def test_process_is_ended_with_its_block() -> None:
    """The process ends with the context manager, and reports that it has ended."""
    with Process(["/bin/sleep", "60"], {}) as process:
        assert process.pid > 0
    with pytest.raises(BenchError, match="has ended"):
        process.usage()


class TestInterruptions:
    """The client that speaks during replies, on made sound."""

    LOUD = np.full(int(0.1 * CLIENT_RATE), 5000, np.int16)

    def test_sound_is_played_in_real_time(self) -> None:
        """What arrives early is heard later; `clear` drops what was not heard."""
        playback = Playback(by_frame=False)
        for _ in range(3):
            playback.sound(self.LOUD, 10.0)
        assert [end for _, end in playback.audible] == pytest.approx([10.1, 10.2, 10.3])
        playback.message(json.dumps({"event": "clear"}), 10.15)
        assert [end for _, end in playback.audible] == pytest.approx([10.1, 10.15])

    def test_a_client_that_pauses(self) -> None:
        """What was not heard at `pause` is heard after `resume`, also what came meanwhile; `clear` drops it."""
        playback = Playback(by_frame=False)
        for _ in range(2):
            playback.sound(self.LOUD, 10.0)
        playback.message(json.dumps({"event": "pause"}), 10.15)
        playback.sound(self.LOUD, 10.2)
        assert playback.audible == [(10.0, pytest.approx(10.1)), (pytest.approx(10.1), 10.15)]
        playback.message(json.dumps({"event": "resume"}), 11.15)
        playback.sound(self.LOUD, 11.2)
        assert [end for _, end in playback.audible] == pytest.approx([10.1, 10.15, 11.2, 11.3, 11.4])
        playback.message(json.dumps({"event": "pause"}), 11.25)
        playback.message(json.dumps({"event": "clear"}), 11.3)
        playback.sound(self.LOUD, 11.5)
        assert [end for _, end in playback.audible] == pytest.approx([10.1, 10.15, 11.2, 11.25, 11.6])

    def test_the_first_long_gap_is_the_silence(self) -> None:
        """A short gap is inside of the reply, a gap before the speech of the user does not count."""
        playback = Playback(by_frame=False)
        for at in (1.0, 2.0, 2.15, 2.3, 4.0):
            playback.sound(self.LOUD, at)
        assert playback.silent_from(2.05) == pytest.approx(2.4)
        assert playback.silent_from(2.05 + SILENT_S + 0.2) == pytest.approx(2.05 + SILENT_S + 0.2)  # it was silent already

    def test_the_microphone_knows_when_it_was_heard(self) -> None:
        """The times of the first and the last audible sample."""
        speaker = InterruptingSpeaker()
        speaker.say(np.concatenate((np.zeros(2000, np.int16), self.LOUD)))
        for number in range(12):
            speaker.frame(number * 0.02)
        assert (speaker.begun, speaker.spoken) == (pytest.approx([0.04]), pytest.approx([0.14]))
