"""A conversation over the Symbl socket, from the start request to the close."""

import asyncio
import urllib.request
from datetime import datetime
from uuid import uuid4

from streaming.protocols.symbl import Start, TrackerSpec
from streaming.transports.symbl_speaker import weight
from tests.servers import Server
from tests.streaming.transports.client import connected, is_kind


async def test_a_conversation_from_start_to_close(live: Server, live_token: str) -> None:
    """The messages come in the documented order, and the socket is closed with 1000."""
    async with connected(live, live_token) as client:
        conversation_id = await client.start()
        await client.speak(4.2)
        await client.wait("message_response", 2)
        await client.stop()
    kinds = client.kinds()
    assert kinds[:3] == ["conversation_created", "started_listening", "recognition_started"]
    assert kinds[-2:] == ["conversation_completed", "recognition_stopped"]
    assert client.said()[:2] == ["Shall we start with the budget?", "I will send the report to Maria by Friday."]
    assert conversation_id.isdigit()
    status, answer = live.get(f"/v1/conversations/{conversation_id}/messages", live_token)
    assert status == 200
    assert [message["text"] for message in answer["messages"]] == client.said()


async def test_insights_come_with_the_message_they_refer_to(live: Server, live_token: str) -> None:
    """A question and an action item are detected at the requested confidence."""
    async with connected(live, live_token) as client:
        await client.start()
        await client.speak(4.2)
        await client.wait("insight_response", 2)
        await client.stop()
    insights = [insight for response in client.of("insight_response") for insight in response["insights"]]
    ids = {message["id"] for response in client.of("message_response") for message in response["messages"]}
    assert {"question", "action_item"} <= {insight["type"] for insight in insights}
    assert all(insight["messageReference"]["id"] in ids for insight in insights)
    assert all(insight["confidence"] >= 0.5 for insight in insights)


async def test_no_insight_types_no_insights(live: Server, live_token: str) -> None:
    """An empty list of insight types means no insights."""
    async with connected(live, live_token) as client:
        await client.start(insightTypes=[])
        await client.speak(4.2)
        await client.wait("message_response", 2)
        await client.stop()
    assert not client.of("insight_response")


async def test_interims_come_before_finals(live: Server, live_token: str) -> None:
    """A recognition result is interim first, then final, with word times as decimal strings."""
    async with connected(live, live_token) as client:
        await client.start()
        await client.speak(1.5)
        interim = await client.wait("recognition_result")
        await client.speak(1.0)
        final = await client.wait(lambda m: is_kind("recognition_result")(m) and m["message"]["isFinal"])
        await client.stop()
    assert interim["message"]["isFinal"] is False
    words = final["message"]["payload"]["raw"]["alternatives"][0]["words"]
    assert words[0]["word"] == "Shall"
    assert isinstance(words[0]["startTime"]["seconds"], str)
    assert final["message"]["user"]["name"] == "Jane"


async def test_audio_right_after_the_start_is_recognised(live: Server, live_token: str) -> None:
    """A client that does not wait for started_listening loses no audio."""
    async with connected(live, live_token) as client:
        await client.start(wait=False)
        await client.speak(2.1)
        await client.wait("message_response")
        await client.stop()
    assert client.said()[0] == "Shall we start with the budget?"


async def test_stop_and_disconnect_at_once(live: Server, live_token: str) -> None:
    """Speech just before a stop and a disconnect is stored and sent to the subscribers."""
    connection_id = uuid4().hex
    async with connected(live, live_token, connection_id, "/v1/subscribe/") as listener:
        async with connected(live, live_token, connection_id) as client:
            conversation_id = await client.start()
            await client.speak(3.5)
            await client.send({"type": "stop_request"})
            await client.socket.close()
        await listener.wait("conversation_completed")
    assert len(listener.said()) == 2
    status, answer = live.get(f"/v1/conversations/{conversation_id}/messages", live_token)
    assert status == 200
    assert [message["text"] for message in answer["messages"]] == listener.said()


async def test_two_speakers_share_a_conversation(live: Server, live_token: str) -> None:
    """The second socket of a connection id joins the conversation, and both speakers get all messages."""
    connection_id = uuid4().hex
    async with connected(live, live_token, connection_id) as anna, connected(live, live_token, connection_id) as tom:
        assert await anna.start("Anna") == await tom.start("Tom")
        await anna.speak(2.1)
        await tom.wait(lambda m: m["type"] == "message_response" and m["messages"][0]["from"]["name"] == "Anna")
        await tom.speak(2.1)
        await anna.wait(lambda m: m["type"] == "message_response" and m["messages"][0]["from"]["name"] == "Tom")
        await anna.stop()
        assert not tom.of("conversation_completed")
        await tom.stop()
    assert anna.of("conversation_completed")
    assert tom.of("conversation_completed")


PUBLISH = """
from django.contrib.auth.models import User
from insights.models import AccountSettings
AccountSettings.objects.create(user=User.objects.get(username="public@example.com"), public_summaries=True)
"""


async def test_the_summary_url_is_public_where_a_public_page_exists(live: Server) -> None:
    """`summaryUrl` is the private page at first, and the public one once the account's app has made it; it opens without signing in."""
    token = await asyncio.to_thread(live.token, "public@example.com")
    await asyncio.to_thread(live.manage, "shell", "--no-imports", "-v0", "-c", PUBLISH)
    urls = []
    for published in (False, True):
        async with connected(live, token) as client:
            conversation_id = await client.start()
            if published:
                path = f"/v1/conversations/{conversation_id}/experiences"
                status, made = await asyncio.to_thread(live.send, "POST", path, token, {"name": "text-summary"})
                assert (status, "/shared/" in made["url"]) == (200, True)
            await client.stop()
        completed = client.of("conversation_completed")[-1]["message"]
        urls.append(completed["summaryUrl"])
    assert "/conversations/" in urls[0]
    assert urls[1] == made["url"]
    assert await asyncio.to_thread(lambda: urllib.request.urlopen(urls[1]).status) == 200


async def test_recognition_results_are_the_speakers_own(live: Server, live_token: str) -> None:
    """A speaker gets only its own recognition results, unless it requests those of all."""
    connection_id = uuid4().hex
    async with (
        connected(live, live_token, connection_id) as anna,
        connected(live, live_token, connection_id) as tom,
        connected(live, live_token, connection_id, query="?results=all") as screen,
    ):
        for client, name in ((anna, "Anna"), (tom, "Tom"), (screen, "Screen")):
            await client.start(name)
        await anna.speak(2.1)
        await tom.wait("message_response")
        await screen.wait("recognition_result")
        await anna.wait("recognition_result")
    assert not tom.of("recognition_result")


async def test_start_again_on_the_same_socket(live: Server, live_token: str) -> None:
    """With disconnectOnStopRequest false a stop keeps the socket, and a second start continues the conversation."""
    async with connected(live, live_token) as client:
        options = {"disconnectOnStopRequest": False, "disconnectOnStopRequestTimeout": 60}
        first = await client.start(**options)
        await client.speak(2.1)
        await client.send({"type": "stop_request"})
        await client.wait("recognition_stopped")
        assert client.closed is None
        assert not client.of("conversation_completed")
        assert await client.start() == first
        await client.speak(2.1)
        await client.wait("message_response", 2)
        await client.stop()
    assert len(client.of("started_listening")) == 2


async def test_modify_request_changes_the_rate(live: Server, live_token: str) -> None:
    """Audio after a modify_request has its rate."""
    async with connected(live, live_token) as client:
        await client.start()
        await client.send({"type": "modify_request", "speechRecognition": {"sampleRateHertz": 8000}})
        modified = await client.wait("session_modified")
        await client.speak(1.2)  # 1.2 s of bytes at 16 kHz last 2.4 s at 8 kHz
        await client.wait("message_response")
        await client.stop()
    assert modified["message"]["data"]["speechRecognition"]["sampleRateHertz"] == 8000


async def test_audio_after_a_gap_is_dated_by_the_gap(live: Server, live_token: str) -> None:
    """Messages before and after a gap of 40 s in resent audio have the time of their speech; the format stays."""
    async with connected(live, live_token) as client:
        await client.start(audioAge=60)
        await client.speak(2.0)
        await client.send({"type": "modify_request", "audioGap": 40})
        modified = await client.wait("session_modified")
        await client.speak(2.2)
        await client.wait("message_response", 2)
        await client.stop()
    assert modified["message"]["data"]["speechRecognition"] == {"encoding": "LINEAR16", "sampleRateHertz": 16000}
    messages = [one for response in client.of("message_response") for one in response["messages"]]
    first, second = (datetime.fromisoformat(one["duration"]["startTime"]) for one in messages[:2])
    assert abs((second - first).total_seconds() - 42) < 0.5


async def test_a_modify_request_keeps_other_values(live: Server, live_token: str) -> None:
    """A modify_request keeps the current values that it does not name."""
    async with connected(live, live_token) as client:
        await client.start()
        for change in ({"sampleRateHertz": 48000}, {"encoding": "OPUS"}, {"sampleRateHertz": 24000}):
            await client.send({"type": "modify_request", "speechRecognition": change})
        modified = await client.wait("session_modified", 3)
        await client.stop()
    assert modified["message"]["data"]["speechRecognition"] == {"encoding": "OPUS", "sampleRateHertz": 24000}


async def test_the_cursor_of_an_earlier_conversation(live: Server, live_token: str) -> None:
    """A speaker with an old cursor gets all events of a conversation that others started meanwhile."""
    connection_id = uuid4().hex
    async with connected(live, live_token, connection_id) as anna:
        await anna.start("Anna")
        await anna.speak(2.1)
        await anna.wait("message_response")
        async with connected(live, live_token, connection_id, query="?after=500") as tom:
            await tom.start("Tom")
            await tom.wait("message_response")
            await anna.stop()
            await tom.stop()


def test_a_start_request_has_a_weight() -> None:
    """Queued start requests count with their phrases, so that the memory is bounded (design law 3)."""
    phrases = tuple(f"phrase {number}" for number in range(50))
    big = Start(trackers=tuple(TrackerSpec(f"tracker {number}", phrases) for number in range(500)), vocabulary=phrases)
    assert weight(big) > 1_000_000
    assert weight(Start()) < 1000


async def test_the_python_client_stop_is_understood(live: Server, live_token: str) -> None:
    """The stop request of the published Python client, written as a Python dict, closes the socket."""
    async with connected(live, live_token) as client:
        await client.start()
        await client.send("{'type': 'stop_request'}")
        assert await client.wait_closed() == 1000


async def test_ping(live: Server, live_token: str) -> None:
    """The text __PING__ gets __PONG__, before and after the start."""
    async with connected(live, live_token) as client:
        await client.send("__PING__")
        await client.wait_text("__PONG__")
        await client.start()
        await client.send("__PING__")
        await client.wait("recognition_started")
        await client.stop()
    assert client.texts.count("__PONG__") == 2


async def test_trackers_of_the_start_request(live: Server, live_token: str) -> None:
    """A tracker of the request matches in the message with its phrase."""
    async with connected(live, live_token) as client:
        await client.start(trackers=[{"name": "Money", "vocabulary": ["budget"]}])
        await client.speak(2.1)
        response = await client.wait("tracker_response")
        await client.stop()
    match = response["trackers"][0]["matches"][0]
    assert response["trackers"][0]["name"] == "Money"
    assert match["messageRefs"][0]["text"] == "Shall we start with the budget?"
    assert match["messageRefs"][0]["offset"] == "Shall we start with the budget?".index("budget")


async def test_trackers_in_interim_text(live: Server, live_token: str) -> None:
    """A client with interim trackers gets a match once during the turn, and again with the message."""
    async with connected(live, live_token) as client:
        await client.start(trackers=[{"name": "Opening", "vocabulary": ["shall we"]}], config={"trackers": {"interimResults": True}})
        await client.speak(1.5)
        early = await client.wait("tracker_response")
        await client.speak(1.0)
        final = await client.wait("tracker_response", 2)
        await client.stop()
    assert early["isFinal"] is False
    assert early["trackers"][0]["matches"][0]["messageRefs"][0]["text"] == "Shall we start"
    assert final["isFinal"] is True


async def test_a_speaker_reconnects_within_its_timeout(live: Server, live_token: str) -> None:
    """A speaker that reconnects with its cursor misses no event and gets none twice."""
    connection_id = uuid4().hex
    async with connected(live, live_token, connection_id) as client:
        first = await client.start(noConnectionTimeout=30)
        await client.speak(2.1)
        seen = await client.wait("message_response")
        await client.speak(1.9)  # is being said while the line drops
    await asyncio.sleep(0.5)
    query = f"?after={seen['sequenceNumber']}"
    async with connected(live, live_token, connection_id, query=query) as again:
        assert await again.start(noConnectionTimeout=30) == first
        await again.speak(2.1)
        await again.wait("message_response", 2)
        await again.stop()
    ids = [m["id"] for c in (client, again) for r in c.of("message_response") for m in r["messages"]]
    status, answer = live.get(f"/v1/conversations/{first}/messages", live_token)
    assert status == 200
    assert len(ids) == len(set(ids))
    assert set(ids) == {m["id"] for m in answer["messages"]}


async def test_a_lost_speaker_without_a_wait_ends_the_conversation(live: Server, live_token: str) -> None:
    """With noConnectionTimeout 0 the conversation ends when the last socket is lost."""
    connection_id = uuid4().hex
    async with connected(live, live_token, connection_id, "/v1/subscribe/") as listener:
        async with connected(live, live_token, connection_id) as client:
            await client.start(noConnectionTimeout=0)
            await client.speak(2.1)
        await listener.wait("conversation_completed")
        assert await listener.wait_closed() == 1000
