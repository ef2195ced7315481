"""Takes the pictures: python -m tests.browser.pictures [--all FOLDER] [--looks light,dark,phone] [--only NAME,NAME]

It starts a server with the embedded recogniser and a worker on an empty installation, fills it with a small team, imports the recorded
conversation of `make demo` with its audio, and takes each page in Chromium. All pictures are written to the folder of `--all`
(.cache/pictures); those that the documentation shows are written to docs/pictures as WebP.
"""

import argparse
import io
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from tests import servers
from tests.browser.conftest import ARGUMENTS, ROOT, chromium
from tests.browser.conversation_page import imported
from tests.browser.pictures.pages import BEFORE, PICTURES, Picture
from tests.browser.pictures.people import LIVE_ROOM, LIVE_TITLE, LOOKS, PASSWORD, IdentityProvider, Windows, confirm, join
from tests.http_server import http_server
from tests.paths.test_import import upload
from tests.servers import Server
from tests.streaming.audio.media_files import wav

RECORDING = ROOT / "streaming" / "demo" / "conversation.ogg"
DOCUMENTED = {
    ("live", "light"): "live",
    ("live", "phone"): "live-phone",
    ("live-insights", "phone"): "insights-phone",
    ("conversation", "light"): "conversation",
    ("conversation", "phone"): "conversation-phone",
    ("home", "light"): "home",
    ("search", "light"): "search",
    ("conversation-share", "light"): "share",
    ("upload", "light"): "upload",
    ("people", "light"): "people",
    ("review", "light"): "review",
    ("stream-components", "light"): "try-out",
    ("network-tested", "light"): "network",
}
"""The pictures that documents show, by name and look, and their files in docs/pictures."""
ADMINISTRATOR = (
    "from django.contrib.auth.models import User; from insights import access; "
    "jane = User(username='jane@example.com', email='jane@example.com', first_name='Jane', last_name='Doe'); "
    f"access.make_administrator(jane, {PASSWORD!r})"
)
LONGEST_S = 300.0


class Camera:
    """Takes pictures of windows and writes them."""

    def __init__(self, windows: Windows, folder: Path, looks: list[str], only: set[str], places: dict[str, object]) -> None:
        self.windows, self.folder, self.looks, self.only, self.places = windows, folder, looks, only, places
        self.folder.mkdir(parents=True, exist_ok=True)

    def wants(self, name: str) -> bool:
        """Return whether a picture was asked for."""
        return not self.only or name in self.only

    @property
    def english(self) -> bool:
        """Whether buttons have the names by which they are pressed."""
        return self.windows.locale.startswith("en")

    def take(self, pictures: tuple[Picture, ...]) -> None:
        """Take pictures in all looks."""
        for picture in pictures:
            if self.wants(picture.name) and (self.english or picture.prepare is None):
                for look in self.looks:
                    page = self.windows.open(picture.who, look)
                    page.goto(picture.path.format(**self.places))
                    if "/account/confirm/" in page.url and "/confirm/" not in picture.route:
                        confirm(page)
                    if picture.prepare:
                        page.wait_for_load_state("networkidle")
                        picture.prepare(page)
                    self.shoot(page, picture.name, look, whole=picture.whole)
                    page.context.close()

    def shoot(self, page: Page, name: str, look: str, *, whole: bool = False) -> None:
        """Take one picture of a window."""
        page.wait_for_load_state()
        page.wait_for_timeout(700)  # transitions, and what the page fetches
        if self.english and (file := DOCUMENTED.get((name, look))):
            write_webp(page.screenshot(), ROOT / "docs" / "pictures" / f"{file}.webp")
        if whole:  # a larger window, not `full_page`: what is fixed to an edge stays there
            height = int(page.evaluate("Math.ceil(document.documentElement.scrollHeight)"))
            page.set_viewport_size({**LOOKS[look]["viewport"], "height": max(height, LOOKS[look]["viewport"]["height"])})
        page.screenshot(path=self.folder / f"{name}-{look}.png")
        print(f"{name}-{look}", flush=True)


def write_webp(png: bytes, file: Path) -> None:
    """Write a picture in a small format."""
    with av.open(io.BytesIO(png)) as source:
        frame = next(source.decode(video=0))
    with av.open(str(file), "w", format="webp") as target:
        stream = target.add_stream("libwebp", options={"quality": "80", "preset": "text"})
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
        target.mux([*stream.encode(frame.reformat(format="yuv420p")), *stream.encode(None)])


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures")
    parser.add_argument("--all", type=Path, default=ROOT / ".cache" / "pictures", help="folder of all pictures")
    parser.add_argument("--looks", default="light,phone", help=f"of {','.join(LOOKS)}")
    parser.add_argument("--locale", default="en-US", help="language, such as de-DE, without pictures that press buttons")
    parser.add_argument("--only", default="", help="names of pictures; all without it")
    wanted = parser.parse_args()
    only = set(filter(None, wanted.only.split(",")))
    with tempfile.TemporaryDirectory() as data, sync_playwright() as driver, running_server(Path(data)) as server:
        site = server.url.replace("127.0.0.1", "localhost")  # passkeys need a name
        noise = Path(data) / "noise.wav"
        noise.write_bytes(wav(quiet_noise(4)))
        browser = driver.chromium.launch(
            executable_path=chromium(whole=True), args=[*ARGUMENTS, f"--use-file-for-fake-audio-capture={noise}"]
        )
        camera = Camera(Windows(browser, site, wanted.locale), wanted.all, wanted.looks.split(","), only, {})
        camera.places["welcome"] = server.manage("setuplink").split(str(server.port))[-1].strip().lstrip("/")
        camera.take(BEFORE)
        take_filled(server, camera, browser)


@contextmanager
def running_server(data: Path) -> Iterator[Server]:
    """Run a server on an empty installation, with an identity provider."""
    provider = IdentityProvider()
    with http_server(provider.respond) as receiver:
        provider.url = f"http://127.0.0.1:{receiver.port}"
        env = {
            "RECOGNISER": "moonshine",
            "OPEN_SIGN_UP": "1",
            "VOICE_PROFILES": "1",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "ALLOWED_NETWORKS": "127.0.0.0/8",
            "DJANGO_SETTINGS_MODULE": "tests.browser.pictures.site.settings",
        }
        env |= {"OIDC_URL": provider.url, "OIDC_CLIENT_ID": "parley", "OIDC_CLIENT_SECRET": "secret", "OIDC_NAME": "Example ID"}
        server = Server(servers.migrated(data / "data"), env, worker=True).start()
        try:
            yield server
        finally:
            server.kill()


def take_filled(server: Server, camera: Camera, browser: Browser) -> None:
    """Fill the installation, then take the live pictures, then all others while that conversation is live."""
    server.manage("shell", "--no-imports", "-c", ADMINISTRATOR)
    talk = imported(server, wait, RECORDING, "jane@example.com")
    made = server.manage("shell", "--no-imports", "-c", f"from tests.browser.pictures import team; team.fill({talk!r})")
    camera.places |= json.loads(made.splitlines()[-1])
    for who in ("jane", "anna", "lee"):
        camera.windows.sign_in(who)
    camera.windows.sign_in("tom", second_step=True)
    camera.places["passkey"] = int(server.manage("shell", "--no-imports", "-c", PASSKEY).split()[-1])
    speaking = take_live(server, camera)
    _, newest = server.get("/v1/conversations?order=desc&limit=1", server.token("jane@example.com"))
    camera.places["live"] = newest["conversations"][0]["id"]
    import_more(server)
    camera.take(PICTURES)
    for look in camera.looks if camera.english and camera.wants("single-sign-on-new") else ():
        page = camera.windows.open("nobody", look)
        page.goto("/signin/")
        page.get_by_role("link", name="Continue with Example ID").click()
        page.wait_for_url("**/signup/sso/**")
        camera.shoot(page, "single-sign-on-new", look)
        page.context.close()
    speaking.context.close()


PASSKEY = "from allauth.mfa.models import Authenticator; print(Authenticator.objects.get(type='webauthn').pk)"


def take_live(server: Server, camera: Camera) -> Page:
    """Take the pictures of a live conversation near the end of a recording that is streamed into it; return the window that goes on."""
    speaking = camera.windows.open("jane", "light", "en-US")
    join(speaking, LIVE_ROOM, "Jane Doe", LIVE_TITLE)
    if not any(map(camera.wants, ("live", "live-insights", "live-open-insights", "live-invite", "watch"))):
        return speaking
    windows = {}
    for look in camera.looks:
        windows[look] = camera.windows.open("jane", look)
        windows[look].goto(f"/watch/{LIVE_ROOM}/")
    talking = threading.Thread(target=talk_to, args=(server,))
    talking.start()
    speaking.locator("#insights > *").nth(4).wait_for()
    if camera.english:
        camera.shoot(speaking, "live", "light")
    for look, page in windows.items():
        camera.shoot(page, "watch", look)
    if camera.wants("live-open-insights"):
        for look, page in windows.items():
            take_open_insights(camera, page, look)
    for look in camera.looks:
        page = camera.windows.open("anna", look)
        page.goto(f"/join/{camera.places['guests']}/")
        page.locator("#start").click()
        page.locator("#insights > *").first.wait_for(state="attached")
        if look != "light" or not camera.english:
            camera.shoot(page, "live", look)
        if page.locator("button[data-tab=insights]").is_visible():
            page.locator("button[data-tab=insights]").click()
            camera.shoot(page, "live-insights", look)
        page.locator("#stop").click()
        page.context.close()
    speaking.locator("#invite").click()
    camera.shoot(speaking, "live-invite", "light")
    speaking.keyboard.press("Escape")
    talking.join()
    for page in windows.values():
        page.context.close()
    return speaking


def take_open_insights(camera: Camera, page: Page, look: str) -> None:
    """Take a picture at the moment when an insight of a sentence that is still being spoken is shown."""
    if page.locator("button[data-tab=insights]").is_visible():
        page.locator("button[data-tab=insights]").click()
    page.locator("#interim-insights > *").first.wait_for()
    page.screenshot(path=camera.folder / f"live-open-insights-{look}.png")
    print(f"live-open-insights-{look}", flush=True)


def talk_to(server: Server) -> None:
    """Stream the recorded conversation into the live one."""
    speakers = ("--speaker", "Anna Novak", "--speaker", "Tom Baker", "--email", "jane@example.com")
    server.manage("stream", str(RECORDING), *speakers, "--url", server.url, "--connection-id", LIVE_ROOM)


def import_more(server: Server) -> None:
    """Begin one import that takes long, and one that fails."""
    token = server.token("jane@example.com")
    with av.open(str(RECORDING)) as source:
        pcm = np.concatenate([frame.to_ndarray() for frame in source.decode(audio=0)], axis=1)
    long = np.tile((pcm.mean(axis=0) * 32_767).astype("<i2"), 40).reshape(-1, 1)
    upload(server, token, b"This is no recording. " * 100, name="Notes of the workshop")
    upload(server, token, wav(long[::3], 16_000), name="All-hands meeting, November")


def quiet_noise(seconds: int) -> np.ndarray:
    """Return the noise of a quiet room for the microphone, so that only the recording is recognised."""
    return np.random.default_rng(1).normal(0, 60, (seconds * 48_000, 1)).astype(np.int16)


def wait(done: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + LONGEST_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.5)


if __name__ == "__main__":
    main()
