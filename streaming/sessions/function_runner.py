"""What runs a plain function: one that changes pictures, or a generator of sound or pictures."""

import asyncio
from collections.abc import Callable
from typing import Any

from streaming.aio.bounded_queue import BoundedQueue, FullPolicy
from streaming.handlers.generators import GeneratorRun, GeneratorRuns
from streaming.handlers.handler_types import VideoStreamHandler, positional
from streaming.sessions.handler_output import Item, audio_item, video_item
from streaming.sessions.handler_runner import AFTER_ERROR_S, WAITING_PICTURES, HandlerRunner, Session
from streaming.types.client_connection import Picture


def own(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function for one session: an object that has a `copy` is copied, so that it may remember its last picture."""
    copy = getattr(function, "copy", None)
    made = copy() if copy is not None and not isinstance(function, type) else function
    return made if callable(made) else function


class VideoFunctionRunner(HandlerRunner):
    """The work of a function (image, *inputs) -> image."""

    def __init__(self, session: Session, handler: VideoStreamHandler) -> None:
        self.fps = handler.fps
        self._session = session
        self._function = own(handler.callable)
        self._needed = positional(self._function)[0]
        self._args: tuple[Any, ...] = ()
        self._pictures: BoundedQueue[Picture] = BoundedQueue(1 if handler.skip_frames else WAITING_PICTURES, FullPolicy.DROP_OLDEST)

    def start(self) -> None:
        self._session.spawn(self._run())

    def see(self, picture: Picture) -> None:
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
                ready = self._needed <= 1 + len(self._args)  # until the inputs are there, pictures pass as they are
                item = video_item(await call(picture, *self._args)) if ready else Item(picture=picture)
                if not await self._session.deliver(item, live=True):
                    return
            except Exception as error:
                self._session.calls.report(error)


class GeneratorRunner(HandlerRunner):
    """The work of a generator function (*inputs), for mode "receive". New inputs begin it anew."""

    def __init__(self, session: Session, function: Callable[..., Any], *, video: bool, fps: int = 30) -> None:
        self.fps = fps
        self._session = session
        self._function = own(function)
        self._needed = positional(self._function)[0]
        self._take_apart: Callable[[Any], Item] = video_item if video else audio_item
        self._runs = GeneratorRuns()
        self._run: GeneratorRun | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._needed == 0:
            self._begin(())
        else:
            self._session.tell({"type": "send_input", "data": []})

    def set_input(self, args: tuple[Any, ...]) -> None:
        self._begin(args)

    def stop(self) -> None:
        if self._run is not None:
            self._run.close()

    def _begin(self, args: tuple[Any, ...]) -> None:
        if self._task is not None:
            self._task.cancel()
            self._session.clear_sound()
        self.stop()
        self._task = self._session.spawn(self._go(args))

    async def _go(self, args: tuple[Any, ...]) -> None:
        self._run = run = await self._runs.begin(self._function, args)
        try:
            while await self._session.deliver(self._take_apart(await run.next())):
                pass
        except StopAsyncIteration:
            pass
        except Exception as error:
            self._session.calls.report(error)
            await asyncio.sleep(AFTER_ERROR_S)
        finally:
            run.close()
