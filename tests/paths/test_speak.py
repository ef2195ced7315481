"""Path 1, speak: sound goes in at one process, and its words come out everywhere, in any process.

Links: socket consumer, decoder, session, conversation handler, pause detection, recogniser, recorder, broadcast, channel layer,
subscription, Symbl renderer, send queue; then the speaker's own socket, a subscriber's socket, a stream session's outputs as
server-sent events, the live page, REST, and the saved page.
"""

import json
from uuid import uuid4

from playwright.async_api import Browser, expect

from tests.paths.conftest import IN_ONE_LOOP, SAID, Installation, eventually, read, sign_in
from tests.streaming.transports.client import connected
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import streaming
from tests.streaming.transports.test_input_hook import hook

pytestmark = IN_ONE_LOOP


async def test_what_is_said_arrives_everywhere(installation: Installation, browser: Browser) -> None:
    """Everybody gets the same message and the same insight, under the same ids; what is read afterwards is what was sent."""
    one, two, token, room = installation.one, installation.two, installation.token, uuid4().hex
    page = await sign_in(browser, two)
    async with (
        connected(one, token, room) as anna,
        connected(two, token, room, "/v1/subscribe/", "?interimInsights=1") as subscriber,
        streaming(one, token, "conversation") as tom,
    ):
        anna_fields = {"peerId": "peer-1", "seat": 4, "host": True}
        conversation_id = await anna.start("Anna", speaker={"userId": "anna@example.com", "name": "Anna", **anna_fields, "id": "no"})
        root = f"/v1/conversations/{conversation_id}"
        await page.goto(f"{two.url}/watch/{room}/")
        await expect(page.locator("#status")).to_have_text("Watching")
        tom.id = room  # a stream's session joins the conversation of its id
        await tom.start(format="pcm16", sample_rate=16000)
        assert (await hook(one, token, {"webrtc_id": room, "speaker_name": "Tom"}, "conversation")).status_code == 200
        await tom.send(bytes(6400))
        await eventually(lambda: read(two, token, f"{root}/members"), lambda answer: "Tom" in json.dumps(answer))
        async with subscribed(two, token, "conversation", room) as reader:
            await anna.speak(1.1)
            await expect(page.locator("#interim-insights .kind")).to_have_text("Question")  # grey, while she speaks
            supposed = await subscriber.wait("interim_insights")
            await anna.speak(1.0)
            wanted = {"message_response", "insight_response"}
            await reader.until(lambda: wanted <= {json.loads(event.data)["type"] for event in reader.events})
            answers = {one["type"]: one for event in reader.events if (one := json.loads(event.data))["type"] in wanted}
        (message,) = answers["message_response"]["messages"]
        (insight,) = answers["insight_response"]["insights"]
        assert (message["payload"]["content"], message["from"]["name"]) == (SAID, "Anna")
        assert (insight["type"], insight["messageReference"]["id"]) == ("question", message["id"])
        for place in (message["from"], insight["from"]):
            assert place == {**anna_fields, "id": message["from"]["id"], "name": "Anna", "userId": "anna@example.com"}
        assert (await anna.wait("warning"))["message"]["field"] == "speaker.id"
        (open_insight,) = supposed["message"]["insights"]
        assert (open_insight["type"], supposed["message"]["user"]) == ("question", message["from"])
        assert SAID.startswith(open_insight["text"])
        assert "sequenceNumber" not in supposed
        assert not anna.of("interim_insights"), "she did not ask for them"
        for socket in (anna, subscriber):
            for result in socket.of("recognition_result"):
                assert result["message"]["user"] == message["from"]
            assert (await socket.wait("message_response"))["messages"][0]["from"] == message["from"]
            assert (await socket.wait("insight_response"))["insights"][0]["from"] == message["from"]
            assert (await socket.wait("message_response"))["messages"][0]["id"] == message["id"]
            assert (await socket.wait("insight_response"))["insights"][0]["id"] == insight["id"]
        await expect(page.locator(f"#m-{message['id']}")).to_have_text(SAID)
        await expect(page.locator(f"#m-{message['id']}")).to_have_class("message found")
        await expect(page.locator(f"#m-{message['id']}")).to_have_attribute("data-kind", "question")
        await expect(page.locator(f"#i-{insight['id']} .text")).to_have_text(insight["payload"]["content"])
        await expect(page.locator("#insight-count")).to_have_text("1")
        await expect(page.locator("#interim-insights > *")).to_have_count(0)
        stored = await read(two, token, f"{root}/messages")
        assert [(one["id"], one["text"], one["from"]["name"]) for one in stored["messages"]] == [(message["id"], SAID, "Anna")]
        assert [one["id"] for one in (await read(two, token, f"{root}/questions"))["questions"]] == [insight["id"]]
        async with connected(two, token, room, "/v1/subscribe/", "?after=0") as replay:
            assert (await replay.wait("message_response"))["messages"][0]["from"] == message["from"]
            assert (await replay.wait("insight_response"))["insights"][0]["from"] == message["from"]
        await page.goto(f"{two.url}/conversations/{conversation_id}/")
        await expect(page.locator(f"#m-{message['id']}")).to_have_text(SAID)
