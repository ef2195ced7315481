"""Runners of plain functions: a function of video frames, or a generator function of audio or video."""

import asyncio
from collections.abc import Callable
from typing import Any

from streaming.aio.bounded_queue import BoundedQueue, FullPolicy
from streaming.handlers.generators import GeneratorRun, GeneratorRuns
from streaming.handlers.handler_types import VideoStreamHandler, positional
from streaming.sessions.handler_output import Item, audio_item, video_item
from streaming.sessions.handler_runner import AFTER_ERROR_S, WAITING_PICTURES, HandlerRunner, Session
from streaming.types.client_connection import Picture


def session_copy(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function for one session: an object with a method `copy` is copied, so that it may keep state per session."""
    copy = getattr(function, "copy", None)
    made = copy() if copy is not None and not isinstance(function, type) else function
    return made if callable(made) else function


class VideoFunctionRunner(HandlerRunner):
    """Runs a function (image, *inputs) -> image."""

    def __init__(self, session: Session, handler: VideoStreamHandler) -> None:
        self.fps = handler.fps
        self._session = session
        self._function = session_copy(handler.callable)
        self._needed = positional(self._function)[0]
        self._args: tuple[Any, ...] = ()
        self._pictures: BoundedQueue[Picture] = BoundedQueue(1 if handler.skip_frames else WAITING_PICTURES, FullPolicy.DROP_OLDEST)

    def start(self) -> None:
        self._session.spawn(self._run())

    def push_video(self, picture: Picture) -> None:
        self._pictures.put(picture)

    def set_input(self, args: tuple[Any, ...]) -> None:
        self._args = args

    def stop(self) -> None:
        self._pictures.close(discard=True)

    async def _run(self) -> None:
        call = self._session.calls.bind(self._function, "video")
        while True:
            picture = await self._pictures.get()
            try:
                ready = self._needed <= 1 + len(self._args)  # until the inputs arrive, video frames pass unchanged
                item = video_item(await call(picture, *self._args)) if ready else Item(picture=picture)
                if not await self._session.deliver(item, live=True):
                    return
            except Exception as error:
                self._session.calls.report(error)


class GeneratorRunner(HandlerRunner):
    """Runs a generator function (*inputs), for mode "receive". New inputs restart it."""

    def __init__(self, session: Session, function: Callable[..., Any], *, video: bool, fps: int = 30) -> None:
        self.fps = fps
        self._session = session
        self._function = session_copy(function)
        self._needed = positional(self._function)[0]
        self._to_item: Callable[[Any], Item] = video_item if video else audio_item
        self._runs = GeneratorRuns()
        self._run: GeneratorRun | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._needed == 0:
            self._restart(())
        else:
            self._session.tell({"type": "send_input", "data": []})

    def set_input(self, args: tuple[Any, ...]) -> None:
        self._restart(args)

    def stop(self) -> None:
        if self._run is not None:
            self._run.close()

    def _restart(self, args: tuple[Any, ...]) -> None:
        if self._task is not None:
            self._task.cancel()
            self._session.clear_sound()
        self.stop()
        self._task = self._session.spawn(self._iterate(args))

    async def _iterate(self, args: tuple[Any, ...]) -> None:
        self._run = run = await self._runs.begin(self._function, args)
        try:
            while await self._session.deliver(self._to_item(await run.next())):
                pass
        except StopAsyncIteration:
            pass
        except Exception as error:
            self._session.calls.report(error)
            await asyncio.sleep(AFTER_ERROR_S)
        finally:
            run.close()
