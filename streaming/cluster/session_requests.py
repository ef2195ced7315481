"""The requests to one session, which its process answers by RPC, and their answers.

All are JSON objects, since the session may be in another process, which may run the former version: a new field must be optional.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from insights.snapshots import Payload
from streaming.protocols.fastrtc import Detail

OutputForm: TypeAlias = Literal["text", "values"]
"""The form of outputs: as server-sent events carry them, or the values of AdditionalOutputs, converted to JSON types."""


class OutputsRequest(TypedDict):
    """Asks for the outputs after the number `after`, and waits up to `wait` seconds for one. The answer is an OutputsAnswer."""

    ask: Literal["outputs"]
    form: OutputForm
    after: int
    wait: float


class LatestRequest(TypedDict):
    """Asks for the newest output that was not fetched yet, and waits up to `wait` seconds for one. The answer is a LatestAnswer."""

    ask: Literal["latest"]
    wait: float


class ResumeRequest(TypedDict):
    """Ends the session if `resume` is its resume value. The answer is a ResumeAnswer."""

    ask: Literal["resume"]
    resume: str


class InputRequest(TypedDict):
    """Sets the inputs from the body of an input hook. The answer is an InputAnswer."""

    ask: Literal["input"]
    body: Payload


class ValuesRequest(TypedDict):
    """Sets the inputs. The answer is empty."""

    ask: Literal["values"]
    values: Sequence[Any]


class ComponentsRequest(TypedDict):
    """Sets the inputs from the input components of a page; with `submit` the handler replies at once. The answer is empty."""

    ask: Literal["components"]
    values: Sequence[Any]
    text: str
    submit: bool


class CloseRequest(TypedDict):
    """Ends the session; with `notify` its client gets a message first. The answer is empty."""

    ask: Literal["close"]
    notify: bool


LiveRequest: TypeAlias = LatestRequest | ResumeRequest | InputRequest | ValuesRequest | ComponentsRequest | CloseRequest
"""The requests that only a session answers that has not ended."""
SessionRequest: TypeAlias = OutputsRequest | LiveRequest

Ask: TypeAlias = Callable[[SessionRequest, float], Awaitable[Payload | None]]
"""Sends a request to one session, with a timeout in seconds; returns None without an answer. Raises DirectoryUnreachable."""


class OutputsAnswer(TypedDict):
    """Outputs with their numbers. `home` is the process of the session; `ended`: no more outputs will come.

    `invalid` has the numbers of the outputs that cannot be sent; a sentence that names the type is in their place. A process of the
    former version sends none.
    """

    items: Sequence[tuple[int, Any]]
    invalid: NotRequired[Sequence[int]]
    ended: bool
    home: str


class LatestAnswer(TypedDict):
    """The values of an output, None without one; `invalid` is the sentence about one that cannot be sent."""

    values: Sequence[Any] | None
    invalid: NotRequired[str]


class ResumeAnswer(TypedDict):
    """Whether the session was ended."""

    ended: bool


class InputAnswer(TypedDict):
    """The errors of the body; empty if the inputs were set."""

    details: Sequence[Detail]


class EmptyAnswer(TypedDict):
    """The request was carried out."""


SessionAnswer: TypeAlias = OutputsAnswer | LatestAnswer | ResumeAnswer | InputAnswer | EmptyAnswer
