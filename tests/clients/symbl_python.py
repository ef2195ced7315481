"""Speaks through the published PyPI package `symbl`, the way its readme shows, and reads everything back.

Runs in a process of its own, with the package's folder on PYTHONPATH. Reads one JSON object from standard input: url, appId,
appSecret, name, sound (file of 16 kHz mono LINEAR16), speed (1 is real time), linger (seconds between the last chunk and
stop). Writes one JSON object, what it saw, as the last line of standard output, and ends only because the server closes.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

CHUNK = 3200
END_S = 60.0
READERS = (
    "get_conversation",
    "get_messages",
    "get_questions",
    "get_action_items",
    "get_follow_ups",
    "get_topics",
    "get_members",
    "get_trackers",
    "get_entities",
    "get_analytics",
)


def point_at(url: str) -> None:
    """Make the package use another server, with the lines of docs/guide/from-symbl.md; it has no option for that."""
    page = (Path(__file__).parents[2] / "docs" / "guide" / "from-symbl.md").read_text(encoding="utf-8")
    lines = page.partition("```python\n")[2].partition("```")[0]
    assert "symbl_rest.Configuration" in lines
    sockets = url.replace("http", "ws", 1)
    exec(lines.replace("https://talk.example.org", url).replace("wss://talk.example.org", sockets), {})
    import symbl.Connection

    symbl.Connection.SYMBL_WEBSOCKET_BASE_PATH = sockets + "/session/subscribe/"


def plain(value: Any) -> Any:
    """Convert the package's models to JSON."""
    if hasattr(value, "to_dict"):
        return plain(value.to_dict())
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def talk(connection: Any, sound: bytes, speed: float) -> None:
    """Send audio in chunks of 100 ms, at a multiple of real time."""
    began = time.monotonic()
    for at in range(0, len(sound), CHUNK):
        connection.send_audio(sound[at : at + CHUNK])
        time.sleep(max(0.0, began + at / 32_000 / speed - time.monotonic()))


def main() -> None:
    """Speak, stop, wait for the server's close, and read the conversation."""
    wish = json.load(sys.stdin)
    point_at(wish["url"])
    import symbl

    saw: dict[str, Any] = {"messages": [], "insights": [], "topics": [], "trackers": [], "finals": 0, "interims": 0, "errors": []}

    def message(data: dict[str, Any]) -> None:
        if data["message"]["type"] == "recognition_result":
            saw["finals" if data["message"]["isFinal"] else "interims"] += 1

    callbacks = {
        "message": message,
        "message_response": lambda data: saw["messages"].extend([m["from"]["name"], m["payload"]["content"]] for m in data["messages"]),
        "insight_response": lambda data: saw["insights"].extend([i["type"], i["payload"]["content"]] for i in data["insights"]),
        "topic_response": lambda data: saw["topics"].extend(t["phrases"] for t in data["topics"]),
        "tracker_response": lambda data: saw["trackers"].extend(t["name"] for t in data["trackers"]),
        "error": saw["errors"].append,
    }
    connection = symbl.Streaming.start_connection(
        credentials={"app_id": wish["appId"], "app_secret": wish["appSecret"]},
        speaker={"userId": "jane@example.com", "name": wish["name"]},
        insight_types=["question", "action_item", "follow_up"],
        config={"speechRecognition": {"encoding": "LINEAR16", "sampleRateHertz": 16000}},
        trackers=wish.get("trackers"),
    )
    connection.subscribe(callbacks)
    talk(connection, Path(wish["sound"]).read_bytes(), wish["speed"])
    time.sleep(wish.get("linger", 0))
    connection.stop()
    for thread in [thread for thread in threading.enumerate() if thread is not threading.current_thread() and not thread.daemon]:
        thread.join(END_S)
        saw["ended"] = not thread.is_alive()
    saw["conversationId"] = connection.conversation.get_conversation_id()
    for name in READERS:
        saw[name] = plain(getattr(connection.conversation, name)())
    saw["verbose"] = plain(connection.conversation.get_messages(parameters={"verbose": True, "sentiment": True}))
    saw["topics_both"] = plain(connection.conversation.get_topics(parameters={"sentiment": True, "parentRefs": True}))
    saw["topics_sentiment"] = plain(connection.conversation.get_topics(parameters={"sentiment": True}))
    print(json.dumps(saw), flush=True)


if __name__ == "__main__":
    main()
