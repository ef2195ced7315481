"""The calls of the page in the order in which they run: what a call needs is created before it, and deleted after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

START = "2026-03-02T10:00:00.000Z"
"""When the conversation of the page begins."""
CREDENTIALS = {"appId": "$APP_ID", "appSecret": "$APP_SECRET"}
ANNA = {"userId": "anna@example.com", "name": "Anna", "email": "anna@example.com"}
TOM = {"userId": "tom@example.com", "name": "Tom"}
PRICING = {"name": "Discounts", "vocabulary": ["discount", "cheaper"]}
VEHICLE = {"type": "Vehicle", "subType": "Airship", "category": "Custom", "values": ["zeppelin"]}
SALES = {"name": "Sales calls", "criteria": "metadata.department==sales"}
RECORDING = "call.wav"
VOICE = "anna.wav"
URL = "https://203.0.113.7/call.mp3"
NOTE_ID = "0b9d5c9e-6f0e-4a39-9a55-1f6a3d1f2f10"
HOOK = "https://203.0.113.7/hooks"
_C = "/v1/conversations/{conversation_id}"


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `$NAME` in texts, and `{name}` in the path, stand for what an earlier call has saved.

    `file`: the body is this file; `form`: it is a form with these fields, files as `@name`.
    `saves` maps a name to the place in the response where its value is, with dots between keys and numbers.
    `waits`: repeat the call until this place in the response has this value.
    """

    method: str
    path: str
    body: object = None
    query: str = ""
    file: str = ""
    form: Mapping[str, str] = field(default_factory=dict)
    saves: Mapping[str, str] = field(default_factory=dict)
    waits: tuple[str, object] | None = None


def _said(person: dict[str, str], text: str, start_s: int) -> dict[str, object]:
    from_to = {"startTime": f"2026-03-02T10:00:{start_s:02}.000Z", "endTime": f"2026-03-02T10:00:{start_s + 3:02}.000Z"}
    return {"payload": {"content": text}, "from": person, "duration": from_to}


TEXT = {
    "name": "Planning",
    "startTime": START,
    "metadata": {"department": "sales"},
    "detectPhrases": True,
    "enableAllTrackers": True,
    "messages": [
        _said(ANNA, "I will send the budget report to Maria by Friday.", 0),
        _said(TOM, "Can you give the customer a discount?", 5),
        _said(ANNA, "Let us meet again tomorrow about the zeppelin. My number is 555-123-4567.", 10),
        _said(TOM, "The budget report is good.", 20),
    ],
}
MORE_TEXT = {"messages": [_said(TOM, "We will review the budget next week.", 30)]}
_APPENDED = {"appended_job": "jobId"}

TOKENS = (
    Call(
        "POST",
        "/oauth2/token:generate",
        {"type": "application", **CREDENTIALS},
        saves={"token": "accessToken", "refresh_token": "refreshToken"},
    ),
    Call("POST", "/oauth2/token:refresh", {**CREDENTIALS, "refreshToken": "$REFRESH_TOKEN"}, saves={"token": "accessToken"}),
)
MANAGEMENT = (
    Call("POST", "/v1/manage/tracker", PRICING, saves={"tracker_id": "tracker.id"}),
    Call("POST", "/v1/manage/trackers", [{"name": "Deadlines", "vocabulary": ["by Friday"]}], saves={"other_tracker_id": "trackers.0.id"}),
    Call("GET", "/v1/manage/tracker", query="name=Discounts"),
    Call("GET", "/v1/manage/trackers", query="name=Deadlines"),
    Call("GET", "/v1/manage/tracker/{tracker_id}"),
    Call("GET", "/v1/manage/trackers/{tracker_id}"),
    Call("PUT", "/v1/manage/tracker/{tracker_id}", {"description": "Talk about prices"}),
    Call("PUT", "/v1/manage/trackers/{tracker_id}", {"categories": ["Sales"]}),
    Call("PATCH", "/v1/manage/tracker/{tracker_id}", [{"op": "add", "path": "/vocabulary", "value": ["a better price"]}]),
    Call("PATCH", "/v1/manage/trackers/{tracker_id}", [{"op": "replace", "path": "/name", "value": "Prices"}]),
    Call("POST", "/v1/manage/entities", VEHICLE, saves={"entity_id": "entity.id"}),
    Call("POST", "/v1/manage/entities/bulk", [{"type": "Project", "subType": "Project", "values": ["Apollo"]}]),
    Call("GET", "/v1/manage/entities"),
    Call("GET", "/v1/manage/entities/{entity_id}"),
    Call("PUT", "/v1/manage/entities/{entity_id}", {**VEHICLE, "values": ["zeppelin", "blimp"]}),
    Call("PUT", "/v1/manage/vocabulary", {"vocabulary": ["Parley", "zeppelin"]}),
    Call("GET", "/v1/manage/vocabulary"),
    Call("POST", "/v1/manage/group", SALES, saves={"group_id": "group.id"}),
    Call("POST", "/v1/manage/groups", [{"name": "Planning", "criteria": "name==Planning"}], saves={"other_group_id": "groups.0.id"}),
    Call("GET", "/v1/manage/group"),
    Call("GET", "/v1/manage/groups"),
    Call("GET", "/v1/manage/group/{group_id}"),
    Call("GET", "/v1/manage/groups/{group_id}"),
    Call("PUT", "/v1/manage/group/{group_id}", {**SALES, "description": "Calls of the sales department"}),
    Call("PUT", "/v1/manage/groups/{group_id}", SALES),
)
IMPORTS = (
    Call("POST", "/v1/process/text", TEXT, saves={"conversation_id": "conversationId", "job_id": "jobId"}),
    Call("GET", "/v1/job/{job_id}", waits=("status", "completed")),
    Call("POST", "/v1/job/{job_id}/cancel"),
    Call("PUT", "/v1/process/text/{conversation_id}", MORE_TEXT, saves=_APPENDED),
    Call("GET", "/v1/job/{appended_job}", waits=("status", "completed")),
    Call(
        "POST",
        "/v1/process/audio",
        query="name=Call&storeAudio=true&startTime=2026-03-02T11:00:00.000Z",
        file=RECORDING,
        saves={"recording_id": "conversationId", "recording_job": "jobId"},
    ),
    Call("GET", "/v1/job/{recording_job}", waits=("status", "completed")),
    Call("PUT", "/v1/process/audio/{conversation_id}", file=RECORDING, saves=_APPENDED),
    Call("GET", "/v1/job/{appended_job}", waits=("status", "completed")),
    Call("POST", "/v1/process/video", file=RECORDING, saves={"video_job": "jobId"}),
    Call("GET", "/v1/job/{video_job}", waits=("status", "completed")),
    Call("PUT", "/v1/process/video/{conversation_id}", file=RECORDING, saves=_APPENDED),
    Call("GET", "/v1/job/{appended_job}", waits=("status", "completed")),
    Call("POST", "/v1/process/audio/url", {"url": URL}, saves={"url_job": "jobId"}),
    Call("POST", "/v1/job/{url_job}/cancel"),
    Call("PUT", "/v1/process/audio/url/{conversation_id}", {"url": URL}, saves={"url_job": "jobId"}),
    Call("POST", "/v1/job/{url_job}/cancel"),
    Call("POST", "/v1/process/video/url", {"url": URL}, saves={"url_job": "jobId"}),
    Call("POST", "/v1/job/{url_job}/cancel"),
    Call("PUT", "/v1/process/video/url/{conversation_id}", {"url": URL}, saves={"url_job": "jobId"}),
    Call("POST", "/v1/job/{url_job}/cancel"),
    Call("GET", "/v1/jobs", query="status=completed&limit=2"),
)
VOICES = (
    Call(
        "POST",
        "/v1/manage/voice-profiles",
        form={"name": "Anna", "consent": "true", "audio": f"@{VOICE}"},
        saves={"profile_id": "profile.id"},
    ),
    Call("GET", "/v1/manage/voice-profiles"),
    Call("GET", "/v1/manage/voice-profiles/{profile_id}"),
    Call("PUT", "/v1/manage/voice-profiles/{profile_id}", {"email": "anna@example.com"}),
    Call(
        "POST",
        "/v1/manage/voice-profiles/speaker",
        {"conversationId": "$CONVERSATION_ID", "memberId": "$MEMBER_ID", "consent": True},
    ),
)
READING = (
    Call("GET", "/v1/conversations", query=f"startTime={START}&limit=2"),
    Call("GET", _C, saves={"member_id": "members.0.id", "other_member_id": "members.1.id"}),
    Call("GET", f"{_C}/messages", query="sentiment=true", saves={"message_id": "messages.0.id", "next_message_id": "messages.1.id"}),
    Call("GET", f"{_C}/members"),
    Call("GET", f"{_C}/topics"),
    Call("GET", f"{_C}/abstract-topics"),
    Call("GET", f"{_C}/questions"),
    Call("GET", f"{_C}/action-items"),
    Call("GET", f"{_C}/follow-ups"),
    Call("GET", f"{_C}/comprehensive/action-items"),
    Call("GET", f"{_C}/insights", saves={"insight_id": "insights.0.id"}),
    Call("GET", f"{_C}/trackers"),
    Call("GET", f"{_C}/trackers-detected"),
    Call("GET", f"{_C}/entities"),
    Call("GET", f"{_C}/analytics"),
    Call("GET", f"{_C}/summary"),
    Call("POST", f"{_C}/transcript", {"contentType": "text/markdown"}, query="redact=true"),
    Call("GET", "/v1/groups/{group_id}/conversations", query=f"startTime={START}"),
    Call("GET", f"{_C}/events", query="limit=2"),
    Call("GET", "/v1/conversations/{recording_id}/audio/sessions"),
    Call("GET", "/v1/conversations/{recording_id}/audio"),
    Call("GET", f"{_C}/intents"),
    Call("GET", f"{_C}/callscore"),
    Call("GET", f"{_C}/callscore/status"),
    Call("GET", f"{_C}/lm-insights/status"),
)
EXPORTS = (
    Call("POST", "/v1/exports", {"conversationIds": ["$CONVERSATION_ID"], "format": "txt"}, saves={"export_id": "exportId"}),
    Call("GET", "/v1/exports/{export_id}", waits=("state", "ready")),
    Call("GET", "/v1/exports"),
    Call("GET", "/v1/exports/{export_id}/file"),
    Call("DELETE", "/v1/exports/{export_id}"),
)
BOOKMARKS = (
    Call(
        "POST",
        f"{_C}/bookmarks",
        {"label": "Decision", "description": "Who sends the report", "user": ANNA, "beginTimeOffset": 0, "duration": 10},
        saves={"bookmark_id": "id"},
    ),
    Call("GET", f"{_C}/bookmarks"),
    Call("GET", f"{_C}/bookmarks/{{bookmark_id}}"),
    Call("PUT", f"{_C}/bookmarks/{{bookmark_id}}", {"label": "Report", "messageRefs": [{"id": "$MESSAGE_ID"}]}),
    Call("GET", f"{_C}/bookmarks/{{bookmark_id}}/summary"),
    Call("GET", f"{_C}/bookmarks-summary"),
)
NOTES = (
    Call("PUT", f"{_C}/notes/{{note_id}}", {"text": "Ask Maria about the report", "beginTimeOffset": 4.5}),
    Call("GET", f"{_C}/notes"),
    Call("DELETE", f"{_C}/notes/{{note_id}}"),
)
EXPERIENCES = (
    Call(
        "POST",
        f"{_C}/experiences",
        {"name": "text-summary", "color": {"background": "#ffffff"}, "summaryURLExpiresIn": 0},
        saves={"experience_id": "id"},
    ),
    Call("GET", f"{_C}/experiences"),
    Call("PUT", f"{_C}/experiences/url", {"url": URL}),
    Call("POST", f"{_C}/summary", {"name": "text-summary"}),
    Call("GET", "/v1/conversations/experiences/insights/list"),
    Call("GET", "/v1/conversations/experiences/insights/details/{conversation_id}"),
)
EDITS = (
    Call("PUT", _C, {"name": "Weekly planning", "metadata": {"department": "sales", "room": "4"}}),
    Call("PUT", f"{_C}/members/{{member_id}}", {"name": "Anna Smith"}),
    Call("PATCH", f"{_C}/messages", {"messages": [{"id": "$MESSAGE_ID", "text": "I will send the report to Maria by Monday."}]}),
    Call("PATCH", f"{_C}/messages/{{message_id}}", {"text": "I will send the report to Maria by Friday."}),
    Call("POST", f"{_C}/messages/{{message_id}}/split", {"offset": 12}),
    Call("POST", f"{_C}/messages/{{message_id}}/join"),
    Call("PATCH", f"{_C}/insights/{{insight_id}}", {"review": "accepted"}, saves={"change_id": "changeId"}),
    Call(
        "POST",
        f"{_C}/insights",
        {"type": "action_item", "messageId": "$NEXT_MESSAGE_ID", "text": "Check the discount", "dueBy": "2026-03-06T17:00:00Z"},
        saves={"added_insight": "insight.id"},
    ),
    Call(
        "PUT",
        f"{_C}/speakers",
        {
            "speakerEvents": [
                {"type": "started_speaking", "user": {"id": "tom@example.com", "name": "Tom"}, "offset": {"seconds": 4, "nanos": 0}},
                {"type": "stopped_speaking", "user": {"id": "tom@example.com", "name": "Tom"}, "offset": {"seconds": 9, "nanos": 0}},
            ]
        },
    ),
    Call("POST", f"{_C}/messages/{{message_id}}/speaker", {"user": {"id": "tom@example.com", "name": "Tom"}}),
    Call("GET", f"{_C}/changes", query="limit=2"),
    Call("POST", f"{_C}/changes/{{change_id}}/undo"),
    Call("POST", f"{_C}/redact", {"redactionString": "****"}),
)
WEBHOOKS = (
    Call("POST", "/v1/webhooks", {"url": HOOK, "events": ["insight.created"]}, saves={"webhook_id": "webhook.id"}),
    Call("GET", "/v1/webhooks"),
    Call("GET", "/v1/webhooks/{webhook_id}"),
    Call("PUT", "/v1/webhooks/{webhook_id}", {"description": "Insights for the ticket system"}),
    Call("POST", "/v1/webhooks/{webhook_id}/secret"),
    Call("GET", "/v1/webhooks/{webhook_id}/deliveries"),
    Call("POST", "/v1/webhooks/{webhook_id}/test"),
)
TELEPHONY = (Call("POST", "/v1/endpoint:connect"), Call("POST", "/v1/event/{connection_id}"))
DELETION = (
    Call("POST", f"{_C}/members/{{member_id}}/merge", {"into": "$OTHER_MEMBER_ID"}),
    Call("DELETE", f"{_C}/bookmarks/{{bookmark_id}}"),
    Call("DELETE", f"{_C}/experiences/{{experience_id}}"),
    Call("DELETE", f"{_C}/insights/{{insight_id}}"),
    Call("DELETE", f"{_C}/messages/{{message_id}}"),
    Call("DELETE", f"{_C}/members/{{other_member_id}}"),
    Call("DELETE", _C),
    Call("DELETE", "/v1/manage/person", query="email=anna%40example.com"),
    Call("DELETE", "/v1/manage/tracker/{tracker_id}"),
    Call("DELETE", "/v1/manage/trackers/{other_tracker_id}"),
    Call("DELETE", "/v1/manage/entities/{entity_id}"),
    Call("DELETE", "/v1/manage/entities", query="subType=Project"),
    Call("DELETE", "/v1/manage/group/{group_id}"),
    Call("DELETE", "/v1/manage/groups/{other_group_id}"),
    Call("DELETE", "/v1/manage/voice-profiles/{profile_id}"),
    Call("DELETE", "/v1/webhooks/{webhook_id}"),
    Call("DELETE", "/oauth2/token:revoke", CREDENTIALS),
)
CALLS: tuple[Call, ...] = (
    *TOKENS,
    *MANAGEMENT,
    *IMPORTS,
    *READING,
    *VOICES,
    *EXPORTS,
    *BOOKMARKS,
    *NOTES,
    *EXPERIENCES,
    *EDITS,
    *WEBHOOKS,
    *TELEPHONY,
    *DELETION,
)
