"""Times analytics, summary, pages and searches over much data, and another client's calls beside them.

    python -m tests.attacks.analytics_and_search --server daphne|uvicorn [--database sqlite|postgres] [--messages N] [--conversations N]

One conversation gets `--messages` messages with ten timed words each; `--conversations` more get three short messages each. Each timed call
runs `--times` times; the other client asks for the members of a small conversation again and again. Times are milliseconds; `cpu` is
the processor time of the server's process per call, measured again without the other client.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests import servers
from tests.insights import postgres

SEED = """
import json, random
from datetime import datetime, timedelta, UTC
from uuid import uuid4
from django.contrib.auth.models import User
from django.test import Client
from insights import access
from insights.models import Conversation, Event, Insight, Member, Message, Speaker, Topic, TopicReference
from insights.models.conversations import new_conversation_id

MESSAGES, CONVERSATIONS = {messages}, {conversations}
draw = random.Random(7)
WORDS = open("insights/analysis/data/stop_words.txt").read().split()[:80] + (
    "budget school heat pump planning zeppelin report invoice customer contract server deadline harbour bridge garden window "
    "project meeting quarter revenue supplier kitchen copper engine battery ticket journal library museum festival").split()
begin = datetime(2026, 3, 2, 9, tzinfo=UTC)
owner = User.objects.get(email="jane@example.com")

def sentence(words):
    return " ".join(draw.choice(WORDS) for _ in range(words)).capitalize() + "."

def timed(text, at):
    iso = lambda moment: moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return [{{"word": word, "startTime": iso(at + timedelta(seconds=0.3 * i)), "endTime": iso(at + timedelta(seconds=0.3 * i + 0.25)),
             "score": 0.9}} for i, word in enumerate(text.split())]

POOL = [(text, timed(text, begin)) for text in (sentence(10) for _ in range(2000))]

def message(conversation, number, speaker, offset):
    text, words = draw.choice(POOL)
    at = conversation.started_at + timedelta(seconds=offset)
    return Message(conversation=conversation, number=number, speaker=speaker, text=text, words=words, confidence=0.9,
                   started_at=at, ended_at=at + timedelta(seconds=3), offset_s=offset, duration_s=3.0)

long = Conversation.objects.create(owner=owner, connection_id="long", name="Long", started_at=begin, message_count=MESSAGES, last_event=1)
Event.objects.create(conversation=long, number=1, kind="conversation_created", payload={{}}, created_at=begin)
people = [Member.objects.create(conversation=long, user_id=f"user{{n}}", name=f"Speaker {{n}}") for n in range(4)]
voices = [Speaker.objects.create(conversation=long, number=n, member=member) for n, member in enumerate(people, 1)]
for start in range(0, MESSAGES, 500):
    Message.objects.bulk_create(message(long, n + 1, draw.choice(voices), round(n * 2.7, 3))
                                for n in range(start, min(MESSAGES, start + 500)))
said = list(Message.objects.filter(conversation=long).order_by("number").values_list("id", flat=True))
for n in range(60):
    topic = Topic.objects.create(conversation=long, text=f"{{WORDS[80 + n % 30]}} {{n}}", score=1 - n / 100)
    TopicReference.objects.bulk_create(TopicReference(topic=topic, message_id=one) for one in draw.sample(said, len(said) // 40))
Insight.objects.bulk_create(Insight(conversation=long, message_id=one, type="question", text="Who can do it?", confidence=0.8)
                            for one in draw.sample(said, len(said) // 40))
made = 0
while made < CONVERSATIONS:
    chunk = [Conversation(id=new_conversation_id(), owner=owner, connection_id=f"c{{made + n}}", name=f"{{sentence(3)}} {{made + n}}",
                          started_at=begin + timedelta(minutes=made + n), ended_at=begin + timedelta(minutes=made + n + 1), message_count=3,
                          last_event=1) for n in range(min(250, CONVERSATIONS - made))]
    Conversation.objects.bulk_create(chunk)
    members = [Member(conversation=one, name=draw.choice(["Ada", "Ben", "Chidi", "Dunja"])) for one in chunk]
    Member.objects.bulk_create(members)
    speakers = [Speaker(conversation=one, number=1, member=member) for one, member in zip(chunk, members)]
    Speaker.objects.bulk_create(speakers)
    Message.objects.bulk_create(message(one, n, speaker, n * 5.0) for one, speaker in zip(chunk, speakers) for n in (1, 2, 3))
    made += len(chunk)
rare = chunk[-1]
Message.objects.filter(conversation=rare, number=2).update(text="The xylophone is here.")
root = User(username="root@example.com", email="root@example.com")
access.make_administrator(root, "correct horse battery")
browser = Client()
browser.force_login(root)
portal = Client()
portal.force_login(owner)
print("SEEDED", json.dumps({{"long": str(long.pk), "small": str(rare.pk), "admin": browser.cookies["sessionid"].value,
                             "portal": portal.cookies["sessionid"].value}}))
"""

ADD = """
from datetime import timedelta
from insights import recorder
from insights.models import Conversation, Member
from insights.recorder import Listening, SpokenWord, Utterance
one = Conversation.objects.get(pk={long})
at = one.started_at + timedelta(days=1)
recorder.record(one.pk, Utterance("One more word about the bridge.", (), 0.9, at, at + timedelta(seconds=2)),
                Listening(member_id=Member.objects.filter(conversation=one).first().pk))
print("SEEDED {{}}")
"""


def seeded(server: servers.Server, code: str) -> dict[str, str]:
    """Run code in the server's environment and return its output."""
    command = [sys.executable, "manage.py", "shell", "-c", code]
    done = subprocess.run(command, cwd=servers.ROOT, env=server.environment, capture_output=True, text=True, timeout=900, check=True)
    found: dict[str, str] = json.loads(done.stdout.split("SEEDED", 1)[1])
    return found


def cpu(server: servers.Server) -> float:
    """Return the milliseconds of processor time that the server's process has used, which other load changes little."""
    assert server.process is not None
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def get(server: servers.Server, path: str, headers: dict[str, str]) -> float:
    """GET a path, read all of it, and return the milliseconds; any status except 200 is an error."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    begun = time.monotonic()
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, (path, answer.status)
    finally:
        connection.close()
    return (time.monotonic() - begun) * 1000


@contextmanager
def beside(call: Callable[[], float]) -> Iterator[list[float]]:
    """Repeat a request in a thread, and yield the list of its times."""
    taken: list[float] = []
    end = threading.Event()

    def work() -> None:
        while not end.is_set():
            taken.append(call())
            end.wait(0.02)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield taken
    finally:
        end.set()
        thread.join()


def shown(name: str, taken: list[float], others: list[float], used: float = 0.0) -> None:
    """Print one line of figures; `used` is processor time per request."""
    other = f"{statistics.median(others):7.0f} {max(others):7.0f}" if others else "      -       -"
    print(f"{name:34} {taken[0]:8.0f} {statistics.median(taken):8.0f} {max(taken):8.0f} {used:8.0f}   {other}", flush=True)


def measure(server: servers.Server, arguments: argparse.Namespace) -> None:
    """Seed the database and time each request beside another client."""
    token = server.token("jane@example.com")
    begun = time.monotonic()
    found = seeded(server, SEED.format(messages=arguments.messages, conversations=arguments.conversations))
    print(f"seeded in {time.monotonic() - begun:.0f} s", flush=True)
    api, long = {"x-api-key": token}, f"/v1/conversations/{found['long']}"
    admin, portal = ({"Cookie": f"sessionid={found[who]}"} for who in ("admin", "portal"))

    def other() -> float:
        return get(server, f"/v1/conversations/{found['small']}/members", api)

    changelist = "/admin/insights/conversation/"
    calls: list[tuple[str, str, dict[str, str]]] = [
        ("analytics", f"{long}/analytics", api),
        ("summary", f"{long}/summary", api),
        ("topics", f"{long}/topics", api),
        ("page of the conversation", f"/conversations/{found['long']}/", portal),
        ("admin list", changelist, admin),
        *((f"admin search {word!r}", f"{changelist}?q={word}", admin) for word in ("xylophone", "bridge", "qqqq", "ada+bridge", "of")),
        *((f"portal search {word!r}", f"/conversations/?q={word}", portal) for word in ("xylophone", "bridge", "qqqq", "of")),
    ]
    print(f"{'call':34} {'first':>8} {'p50':>8} {'max':>8} {'cpu':>8}   other: p50     max")
    alone = [other() for _ in range(30)]
    with beside(other) as others:
        time.sleep(2)
    shown("other client alone", alone, list(others))
    for name, path, headers in calls:
        with beside(other) as others:
            taken = [get(server, path, headers) for _ in range(arguments.times)]
        before = cpu(server)
        for _ in range(arguments.times):
            get(server, path, headers)
        shown(name, taken, list(others), (cpu(server) - before) / arguments.times)
    for name, path, headers in calls[:2]:
        taken = []
        for _ in range(3):
            seeded(server, ADD.format(long=found["long"]))
            taken.append(get(server, path, headers))
        shown(f"{name} after each new message", taken, [])


def main() -> None:
    """Read the arguments, start a server, measure, and stop it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--server", choices=("daphne", "uvicorn"), default="daphne")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--messages", type=int, default=20_000, help="Messages of the long conversation.")
    parser.add_argument("--conversations", type=int, default=20_000, help="Conversations to search.")
    parser.add_argument("--times", type=int, default=5, help="How often each call is made.")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        env = {"RECOGNISER": "scripted"}
        if arguments.database == "postgres":
            env["DATABASE_URL"] = stack.enter_context(postgres.cluster())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-analytics-and-search-")))
        server = servers.Server(servers.migrated(folder, env), env, arguments.server)
        stack.callback(server.kill)
        measure(server.start(), arguments)


if __name__ == "__main__":
    main()
