"""The listings of docs/streams.md and of the README are run as they stand, by a server of their own."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests import speech
from tests.servers import ROOT, Server, copied

GUIDE = (ROOT / "docs" / "streams.md").read_text()
LISTINGS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
PAGE = "<!doctype html><script>const rtcConfiguration = __RTC_CONFIGURATION__;</script>"


def listing(word: str) -> str:
    """Return the only listing that holds a word."""
    [found] = [text for text in LISTINGS if word in text]
    return str(found)


def of_the_readme() -> str:
    """Return the README's module of streams."""
    found = re.search(r"    # myapp/streams\.py.*?(?=\n\n\S)", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found is not None
    return re.sub(r"^    ", "", found[0], flags=re.MULTILINE)


@pytest.fixture(scope="module")
def server(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the guide's app: a folder with what the listings say, named by `APPS`."""
    folder = tmp_path_factory.mktemp("guide")
    (folder / "guideapp").mkdir()
    (folder / "guideapp" / "streams.py").write_text("\n\n".join(listing(word) for word in ("parrot =", "answer =", "mirror =")))
    (folder / "guideapp" / "urls.py").write_text(listing("urlpatterns"))
    (folder / "guideapp" / "index.html").write_text(PAGE)
    data = copied(migrated_data, folder / "data")
    server = Server(data, {"APPS": "guideapp", "PYTHONPATH": str(folder), "RECOGNISER": "moonshine"})
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    """An access token."""
    return server.token()


async def test_the_parrot_says_it_again_to_the_client_of_the_guide(server: Server, token: str) -> None:
    """The program of the guide gets back what it said."""
    program: dict[str, Any] = {}
    text = listing("async def say")
    assert "socket.recv(), 2)" in text
    exec(text.replace("socket.recv(), 2)", "socket.recv(), 10)"), program)  # a busy machine may be silent for longer
    say: Callable[..., Any] = program["say"]
    said = speech.clip("question", 0.2, 1.0)[::2]
    heard = await say(f"{server.url.replace('http', 'ws')}/streams/parrot/websocket/offer", token, said.astype("<i2").tobytes())
    back = np.frombuffer(heard, dtype="<i2")
    assert len(back) / 24_000 > 1
    assert np.abs(back).max() > 0.5 * np.abs(said).max()


async def test_a_page_of_ones_own_may_run_its_script(server: Server) -> None:
    """As the guide has it: the page is there, for anybody, with the policy that it brings."""
    async with httpx.AsyncClient(timeout=60) as browser:
        answer = await browser.get(f"{server.url}/talk/")
    assert answer.status_code == 200
    assert "const rtcConfiguration = null;" in answer.text
    assert "'unsafe-inline'" in answer.headers["Content-Security-Policy"]


async def test_the_inputs_of_the_guide_are_checked(server: Server, token: str) -> None:
    """By the model that is written there."""
    async with httpx.AsyncClient(headers={"x-api-key": token}, timeout=60) as client:
        wrong = await client.post(f"{server.url}/streams/answer/input_hook", json={"webrtc_id": "a", "pitch": 50})
        unknown = await client.post(f"{server.url}/streams/answer/input_hook", json={"webrtc_id": "a", "pitch": 500})
        picture = await client.post(f"{server.url}/streams/mirror/webrtc/offer", json={})
    assert (wrong.status_code, wrong.json()["detail"][0]["loc"]) == (422, ["body", "pitch"])
    assert (unknown.status_code, picture.status_code) == (404, 422)


def test_the_readme_has_a_stream() -> None:
    """Under a name that is free."""
    module: dict[str, Any] = {}
    exec(of_the_readme(), module)
    assert module["parrot"].modality == "audio"
    assert "/streams/parrot/" in of_the_readme()


@pytest.mark.parametrize("apps", ["nothing_like_that", ".relative"])
def test_an_app_that_is_not_there_is_named(server: Server, apps: str) -> None:
    """The server does not start, and says which."""
    with pytest.raises(AssertionError, match=f"APPS='{apps}'"):
        Server(server.data, {"APPS": apps}).manage("check")
