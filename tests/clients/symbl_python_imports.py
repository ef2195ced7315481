"""Imports through the published PyPI package `symbl`: text and audio, each waited for, then appended to, read back, and edited.

Runs in a process of its own, with the package's folder on PYTHONPATH. Reads one JSON object from standard input: url, appId, appSecret,
file (a WAV file). Writes one JSON object, what it saw, as the last line of standard output.
"""

import json
import sys
from typing import Any

from symbl_python import plain, point_at

OPTIONS: dict[str, Any] = {
    "name": "Standup",
    "detectEntities": True,
    "detectPhrases": False,
    "enableAllTrackers": True,
    "confidenceThreshold": 0.4,
    "customVocabulary": ["Parley"],
    "trackers": [{"name": "Money", "vocabulary": ["budget"]}],
    "channelMetadata": [{"channel": 1, "speaker": {"name": "Jane", "email": "jane@example.com"}}],
    "languageCode": "en-US",
}
ITEMS = [{"payload": {"content": "Jane will send the budget by Friday."}, "from": {"userId": "tom@example.com", "name": "Tom"}}]


def edited(conversation: Any, access: dict[str, str]) -> Any:
    """Rename the member and give the first two seconds to Tom, with the calls of symbl-rest; return the messages.

    The helpers of `symbl` 2.0.6 for both pass their arguments in an order that symbl-rest 1.0.14 does not take.
    """
    import symbl_rest
    from symbl import AuthenticationToken

    AuthenticationToken.get_api_client(access)
    calls, id = symbl_rest.ConversationsApi(), conversation.get_conversation_id()
    member = conversation.get_members().members[0].id
    calls.put_members_information_by_members_id({"id": member, "name": "Jane Muller", "email": "jane@example.com"}, id, member)
    events = [
        {"type": kind, "user": {"name": "Tom", "email": "tom@example.com"}, "offset": {"seconds": at, "nanos": 0}}
        for kind, at in (("started_speaking", 0), ("stopped_speaking", 2))
    ]
    calls.put_speakers_event_by_conversation_id({"speakerEvents": events}, id)
    return plain(conversation.get_messages())


def main() -> None:
    """Import, append, read and edit."""
    wish = json.load(sys.stdin)
    point_at(wish["url"])
    import symbl
    from symbl.Conversations import Conversation

    Conversation._Conversation__INTERVAL_TIME_IN_SECONDS = 1  # it polls every 30 s
    access = {"app_id": wish["appId"], "app_secret": wish["appSecret"]}
    saw: dict[str, Any] = {}
    text = symbl.Text.process({"name": "Plans", "messages": ITEMS}, credentials=access)
    symbl.Text.append({"messages": ITEMS}, text.get_conversation_id(), credentials=access)
    audio = symbl.Audio.process_file(wish["file"], credentials=access, content_type="audio/wav", parameters=OPTIONS)
    symbl.Video.append_file(wish["file"], audio.get_conversation_id(), credentials=access, content_type="video/mp4")
    for name, conversation in (("text", text), ("audio", audio)):
        saw[name] = {
            "status": conversation.get_job_status(),
            "messages": plain(conversation.get_messages()),
            "action_items": plain(conversation.get_action_items()),
            "members": plain(conversation.get_members()),
        }
    saw["edited"] = edited(audio, access)
    print(json.dumps(saw), flush=True)


main()
