"""The lifespan of a program's application inside of Parley's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from config.program.lifespan import Lifespan, StartupFailed

SCOPE = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}


class Application:
    """An application that notes what is asked of it, and fails where it is told to."""

    def __init__(self, fails_at: str = "") -> None:
        self.fails_at, self.seen = fails_at, list[str]()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["state"]["made"] = "by the program"
        for kind in ("startup", "shutdown"):
            message = await receive()
            assert message == {"type": f"lifespan.{kind}"}
            self.seen.append(kind)
            failed = self.fails_at == kind
            await send({"type": f"lifespan.{kind}.{'failed' if failed else 'complete'}", **({"message": "no luck"} if failed else {})})
            if failed:
                raise RuntimeError("no luck")


async def test_startup_and_shutdown_run_once_in_order() -> None:
    """What the application keeps in the state of its lifespan reaches the server, which gives it to each request."""
    application, scope = Application(), {**SCOPE, "state": {}}
    lifespan = Lifespan(application)
    await lifespan.startup(scope)
    assert (application.seen, scope["state"]) == (["startup"], {"made": "by the program"})
    await lifespan.shutdown()
    assert application.seen == ["startup", "shutdown"]
    await lifespan.shutdown()


async def test_a_failed_startup_says_why() -> None:
    """The text of the application is in the exception, and nothing keeps running."""
    lifespan = Lifespan(Application("startup"))
    with pytest.raises(StartupFailed, match="no luck"):
        await lifespan.startup({**SCOPE, "state": {}})
    await lifespan.shutdown()


async def test_a_failed_shutdown_ends_nevertheless(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged."""
    lifespan = Lifespan(Application("shutdown"))
    await lifespan.startup({**SCOPE, "state": {}})
    await asyncio.wait_for(lifespan.shutdown(), 60)
    assert "no luck" in caplog.text


async def test_an_application_without_a_lifespan_is_served() -> None:
    """It raises, or returns, when it sees a scope that it does not know."""

    async def raises(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"

    async def returns(scope: Any, receive: Any, send: Any) -> None:
        return

    for application in (raises, returns):
        lifespan = Lifespan(application)
        await asyncio.wait_for(lifespan.startup(SCOPE), 60)
        await asyncio.wait_for(lifespan.shutdown(), 60)


async def test_the_lifespans_of_starlette() -> None:
    """A context manager, with its state; startup and shutdown are in one task, as a context manager of anyio needs it."""
    starlette = pytest.importorskip("starlette.applications", reason="Starlette comes with requirements/development.txt")
    tasks: list[Any] = []

    @asynccontextmanager
    async def run(app: Any) -> AsyncIterator[dict[str, str]]:
        tasks.append(asyncio.current_task())
        yield {"greeting": "hello"}
        tasks.append(asyncio.current_task())

    scope: dict[str, Any] = {**SCOPE, "state": {}}
    lifespan = Lifespan(starlette.Starlette(lifespan=run))
    await lifespan.startup(scope)
    await lifespan.shutdown()
    assert len(tasks) == 2
    assert tasks[0] is tasks[1]
    assert scope["state"] == {"greeting": "hello"}
