"""How the client of streams comes back after a lost connection: without a server, with a link of the test and without waiting."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.modules.running import run

LOST = """
    const pauses = [];
    const wait = window.setTimeout;
    window.setTimeout = (call, ms) => { pauses.push(ms); return wait(call, given.slow ? ms : 0); };
    Object.defineProperty(document, 'hidden', { get: () => given.hidden });
    const client = new m.StreamClient('/streams/echo', given.options);
    Object.assign(client, { state: 'connected', connectedMs: given.first ? undefined : 1 });
    const states = [];
    client.on('state', ({ state, error }) => states.push(error ? `${state}: ${error.code}` : state));
    let opened = 0;
    client.link = { open: async () => {
      opened += 1;
      if (opened < given.works) throw new m.StreamError('unreachable', 'no');
      client.linked();
    }, close: () => {} };
"""


def after(page: Page, body: str, **given: Any) -> Any:
    """Return what a script returns after `LOST`; `tries` is Infinity unless it is given."""
    setting = "given.options = { outputs: false, tries: given.tries ?? Infinity };"
    return run(page, "../client/parley", setting + LOST + body, {"works": 1, "hidden": False, **given})


def test_it_comes_back_after_many_attempts(module_page: Page) -> None:
    """The pauses grow from the second attempt on, up to 15 s."""
    found = after(module_page, "await client.lost(); return { pauses, states, opened };", works=30)
    assert found["states"] == ["lost", "connected"]
    assert found["opened"] == 30
    assert found["pauses"] == [min(1000 * attempt, 15_000) for attempt in range(2, 31)]


def test_a_limit_of_attempts(module_page: Page) -> None:
    """With `tries` the session ends after so many; without a first connection it ends after four in any case."""
    body = "await client.lost(); return { states, opened };"
    assert after(module_page, body, works=30, tries=6) == {"states": ["lost", "ended: lost"], "opened": 6}
    module_page.reload()
    assert after(module_page, body, works=30, first=True) == {"states": ["lost", "ended: lost"], "opened": 4}


def test_a_hidden_page_waits_after_some_attempts(module_page: Page) -> None:
    """It goes on at once when it is shown."""
    body = """
        const done = client.lost();
        await new Promise((resolve) => wait(resolve, 300));
        const before = opened;
        given.hidden = false;
        document.dispatchEvent(new Event('visibilitychange'));
        await done;
        return { before, opened };
    """
    assert after(module_page, body, works=25, hidden=True) == {"before": 20, "opened": 25}


def test_reconnecting_ends_the_pause(module_page: Page) -> None:
    """`reconnect` makes the next attempt at once, and only one."""
    body = """
        const done = client.lost();
        await new Promise((resolve) => wait(resolve, 100));
        const before = opened;
        client.reconnect();
        client.reconnect();
        client.lost();
        await done;
        return { before, opened, states };
    """
    found = after(module_page, body, works=2, slow=True)
    assert found == {"before": 1, "opened": 2, "states": ["lost", "connected"]}


@pytest.mark.parametrize(("status", "states"), [(0, ["lost", "connected"]), (502, ["lost", "connected"]), (401, []), (200, [])])
def test_a_check_notices_a_server_that_is_gone(module_page: Page, status: int, states: list[str]) -> None:
    """It comes back if the server does not answer or a proxy answers for it; any other answer is one of the server."""

    def answer(route: Any) -> None:
        if status:
            route.fulfill(status=status, body="{}", content_type="application/json")
        else:
            route.abort()

    module_page.route("**/rtc/config*", answer)
    body = "await client.check(); await new Promise((resolve) => wait(resolve, 50)); return states;"
    try:
        assert after(module_page, body) == states
    finally:
        module_page.unroute("**/rtc/config*")


def test_the_socket_asks_by_a_request_when_a_ping_has_no_answer(module_page: Page) -> None:
    """After 25 s it connects again in any case; any message of the server counts as an answer."""
    body = """
        const { SocketLink } = await import('/static/parley/client/socket.js');
        const asked = [];
        const told = { ended: false, check: () => asked.push('check'), lost: () => asked.push('lost'), got: () => {} };
        const link = new SocketLink(told);
        let time = 1000;
        Date.now = () => time;
        link.socket = { readyState: WebSocket.OPEN, send: () => {}, close: () => {} };
        const tick = (ms) => { time += ms; link.ping(); };
        tick(0); await link.take('{"event":"pong"}'); tick(60000);
        const answered = [...asked];
        tick(2000); tick(2000); tick(22000);
        return { answered, asked };
    """
    assert after(module_page, body) == {"answered": [], "asked": ["check", "check", "lost"]}
