"""The published PyPI package `symbl`: a streaming connection, and every helper that reads a conversation."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.packages import python_packages

SCRIPT = Path(__file__).with_name("symbl_python.py")
RUN_S = 120
FAILED = {"message": "The conversationId is either invalid or does not exist."}
"""What the package returns for any failure whatever."""


@pytest.fixture(scope="module")
def saw(wish: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The package's result of one conversation; its process has ended by itself."""
    told = {**wish, "name": "Jane", "trackers": [{"name": "Money", "vocabulary": ["budget", "cost"]}]}
    environment = {**os.environ, "PYTHONPATH": str(python_packages())}
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        input=json.dumps(told),
        env=environment,
        cwd=tmp_path_factory.mktemp("python"),
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_a_conversation_is_transcribed_and_ends(saw: dict[str, Any]) -> None:
    """The package gets messages, insights, topics and trackers, and the server's close ends its thread."""
    assert saw["ended"]
    assert [name for name, _ in saw["messages"]] == ["Jane"] * 5
    assert {kind for kind, _ in saw["insights"]} >= {"question", "action_item"}
    assert saw["topics"]
    assert "Money" in saw["trackers"]
    assert saw["errors"] == []


@pytest.mark.parametrize("reader", ["conversation", "messages", "questions", "action_items", "follow_ups", "topics", "members", "entities"])
def test_a_helper_parses_its_response(saw: dict[str, Any], reader: str) -> None:
    """No helper reports a failure."""
    assert saw[f"get_{reader}"] != FAILED


def test_live_and_read_results_are_equal(saw: dict[str, Any]) -> None:
    """Messages, questions, action items and members are those of the conversation, and dates are parsed."""
    assert [message["text"] for message in saw["get_messages"]["messages"]] == [text for _, text in saw["messages"]]
    assert {question["text"] for question in saw["get_questions"]["questions"]} == {t for kind, t in saw["insights"] if kind == "question"}
    assert saw["get_action_items"]["action_items"]
    assert [member["name"] for member in saw["get_members"]["members"]] == ["Jane"]
    assert "date" in {entity["type"] for entity in saw["get_entities"]["entities"]}


def test_options_of_the_helpers(saw: dict[str, Any]) -> None:
    """Words and sentiments are included on request."""
    assert all(message["words"] and message["sentiment"]["suggested"] for message in saw["verbose"]["messages"])
    assert all(topic["sentiment"]["suggested"] for topic in saw["topics_sentiment"]["topics"])
    assert all(topic["sentiment"]["suggested"] for topic in saw["topics_both"]["topics"])


def test_trackers_and_analytics(saw: dict[str, Any]) -> None:
    """The package's models accept the list of trackers and the analytics."""
    assert [tracker["name"] for tracker in saw["get_trackers"]] == ["Money"]
    assert saw["get_trackers"][0]["matches"][0]["message_refs"]
    (jane,) = saw["get_analytics"]["members"]
    assert jane["name"] == "Jane"
    assert jane["pace"]["wpm"] == round(jane["pace"]["wpm"]) > 0
    assert jane["talk_time"]["percentage"] + jane["listen_time"]["percentage"] == 100


def test_entities_and_phrases(saw: dict[str, Any]) -> None:
    """The package reads the whole message of an entity, a person as an object, and no phrases that were not requested."""
    said = {message["text"] for message in saw["get_messages"]["messages"]}
    assert all(reference["text"] in said for entity in saw["get_entities"]["entities"] for reference in entity["message_refs"])
    assert all(message["phrases"] == [] for message in saw["get_messages"]["messages"])
    people = [one for item in saw["get_action_items"]["action_items"] for one in item["entities"] if one["type"] == "person"]
    assert all("assignee" in str(person["value"]) for person in people)
