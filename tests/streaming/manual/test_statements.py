"""The 47 statements of the published API text, each with the tests that show it.

The names of the tests are checked, and what they run on: both transports where a statement is about both, and a second process where
inputs or outputs may come from one. Video is on WebRTC only.
"""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.paths import test_run_program as programs
from tests.streaming.manual import test_handlers as handlers
from tests.streaming.manual import test_seed as seed
from tests.streaming.transports import test_stream_limits as limits
from tests.streaming.transports import test_stream_processes as processes

WEBRTC, WEBSOCKET = frozenset({"WebRTC"}), frozenset({"WebSocket"})
BOTH = WEBRTC | WEBSOCKET
Test = Callable[..., Any]


class Statement(NamedTuple):
    """A statement in our words, the tests that show it, the transports that it is about, and whether it holds across processes."""

    text: str
    tests: tuple[Test, ...]
    transports: frozenset[str] = BOTH
    across: bool = False


FORMAT = (seed.test_both_transports_have_the_same_message_format,)
ASKED = (seed.test_when_send_input_is_received_set_input_updates_the_inputs,)
TOLD = (seed.test_fetch_output_comes_whenever_there_are_additional_outputs,)
TURN = (handlers.test_reply_on_pause_returns_the_turn,)
TROUBLE = (handlers.test_an_error_and_a_warning_do_not_end_the_session,)
POSTED = (seed.test_inputs_by_a_post_request,)
NEXT_CALL = (
    seed.test_the_updated_data_is_passed_on_the_next_call,
    seed.test_the_updated_data_is_passed_with_the_next_picture,
    handlers.test_a_startup_fn_runs_first_and_each_reply_requests_inputs,
)
COMMAND = processes.test_python_reaches_sessions_from_a_command
LATEST = (seed.test_the_latest_output_can_be_fetched, COMMAND)
EVENTS = (seed.test_all_outputs_as_server_sent_events,)
ROUTES = (
    programs.test_a_peer_hears_itself_and_the_programs_routes_reach_it,
    programs.test_a_second_process_reaches_the_sessions_of_the_first,
)
FULL = (seed.test_too_many_connections_are_a_429_and_over_a_socket_the_same_message,)

STATEMENTS = (
    Statement("a stream has the modality audio", TURN),
    Statement("or video", (handlers.test_video_with_skipped_frames,), WEBRTC),
    Statement("or audio and video", (handlers.test_audio_and_video_together,), WEBRTC),
    Statement("its mode is to send and receive", TURN),
    Statement("or to send", (handlers.test_the_context_has_the_id_of_the_session,)),
    Statement("or to receive", (handlers.test_a_generator_of_audio,)),
    Statement("a client connects to one stream over WebRTC or over a WebSocket", FORMAT),
    Statement("a message of the server has a type and data", FORMAT),
    Statement("its type is one of six", FORMAT),
    Statement("its data is a string or an object", FORMAT),
    Statement("over WebRTC it is a string that contains JSON", FORMAT, WEBRTC),
    Statement("send_input asks for the handler's inputs", ASKED, BOTH, across=True),
    Statement("fetch_output tells of an AdditionalOutputs", TOLD, BOTH, across=True),
    Statement("stopword tells that the stop word was heard", (handlers.test_stop_words,)),
    Statement("error tells of an error", TROUBLE),
    Statement("the data of an error is its text", TROUBLE),
    Statement("warning tells of a warning", TROUBLE),
    Statement("the data of a warning is its text", TROUBLE),
    Statement("log is a message for the log", (handlers.test_a_handler_with_a_blocking_queue,)),
    Statement("the data of a log message is its text", (handlers.test_a_handler_with_a_blocking_queue,)),
    Statement("ReplyOnPause logs pause_detected", TURN),
    Statement("ReplyOnPause logs response_starting", TURN),
    Statement("set_input of the stream updates the inputs after send_input", ASKED, BOTH, across=True),
    Statement("the first argument of set_input is the webrtc_id", (COMMAND, *POSTED), BOTH, across=True),
    Statement("the other arguments of set_input are the inputs", (COMMAND, *POSTED), BOTH, across=True),
    Statement("a client posts new inputs to input_hook", (*ASKED, *POSTED), BOTH, across=True),
    Statement("a view of the developer may set them", (*POSTED, seed.test_a_generator_takes_inputs_from_a_thread), BOTH, across=True),
    Statement("a pydantic model describes the body", POSTED, BOTH, across=True),
    Statement("the body has the webrtc_id, a string", POSTED, BOTH, across=True),
    Statement("a number that is too small is refused", POSTED, BOTH, across=True),
    Statement("a number that is too large is refused", POSTED, BOTH, across=True),
    Statement("both ends of the range are allowed", POSTED, BOTH, across=True),
    Statement("the inputs are passed to the handler on its next call", NEXT_CALL, BOTH, across=True),
    Statement("fetch_output is sent whenever an AdditionalOutputs is available", TOLD, BOTH, across=True),
    Statement("fetch_latest_output of the stream returns the newest output", LATEST, BOTH, across=True),
    Statement("output_stream of the stream yields all outputs", (*EVENTS, COMMAND), BOTH, across=True),
    Statement("an item of output_stream is the AdditionalOutputs, with its args", (*EVENTS, COMMAND), BOTH, across=True),
    Statement("GET updates with the webrtc_id sends the outputs", EVENTS, BOTH, across=True),
    Statement("the response is text/event-stream", EVENTS, BOTH, across=True),
    Statement("an event is a line with data", EVENTS, BOTH, across=True),
    Statement("the developer may serialise an output in another way", (*EVENTS, *ROUTES), BOTH, across=True),
    Statement("the route for offers answers in JSON", FULL, WEBRTC),
    Statement("above the limit its status is 429", FULL, WEBRTC),
    Statement("its body says failed, concurrency_limit_reached and the limit", FULL, WEBRTC),
    Statement("the limit is the stream's, over both transports", FULL),
    Statement("a WebSocket gets the same message above the limit", (*FULL, limits.test_one_session_too_many), WEBSOCKET),
    Statement("that message comes before the close, and no other before it", (limits.test_one_session_too_many,), WEBSOCKET),
)


def transports_of(test: Test) -> frozenset[str]:
    """Return the transports that a test uses, by its fixtures and the clients that it opens."""
    source = inspect.getsource(test)
    if "call" in inspect.signature(test).parameters:
        return BOTH
    over_webrtc = WEBRTC if any(client in source for client in ("webrtc(", "Caller(", "await heard(")) else frozenset()
    return over_webrtc | (WEBSOCKET if "websocket(" in source or "streaming(" in source else frozenset())


def crosses(test: Test) -> bool:
    """Return whether a test has two processes: `call` of `test_seed` sends inputs to and reads outputs from the second one."""
    fixtures = inspect.signature(test).parameters
    if "other = RunningProgram(" in inspect.getsource(test):
        return True
    return bool({"beside", "pair"} & fixtures.keys()) or ("call" in fixtures and test.__module__ == seed.__name__)


def test_there_are_47() -> None:
    """Each is listed once."""
    assert len({one.text for one in STATEMENTS}) == len(STATEMENTS) == 47


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda one: one.text)
def test_the_tests_of_a_statement_show_it(statement: Statement) -> None:
    """They run on every transport that the statement is about, and in two processes where it says so."""
    assert all(test.__name__.startswith("test_") for test in statement.tests)
    assert statement.transports <= frozenset().union(*(transports_of(test) for test in statement.tests))
    assert not statement.across or any(crosses(test) for test in statement.tests)
