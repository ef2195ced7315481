"""The registry of insight kinds: the rules for entries, and that no other module lists the kinds."""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from insights import insight_kinds
from insights.analysis.acts.mixture import HEADS, LABELS
from insights.analysis.pipeline import SLOW_S, analyse
from insights.analysis.types import Said
from insights.api import root
from insights.apps import register_kinds
from insights.insight_kinds import ACTION_ITEM, BUILT_IN, FOLLOW_UP, QUESTION, KindError, KindName, SpokenMessage
from insights.portal.listing import counts_of
from tests.insights.decisions.kinds import DECISION

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
SOURCES = tuple(ROOT / name for name in ("config", "insights", "streaming", "templates"))
HOME = "insights/insight_kinds.py"
MODEL = {
    "insights/training/corpora.py": "the labels of the corpora that the model is trained on",
    "insights/exports/reviewed_insights.py": "the columns of those corpora",
    "insights/training/combine.py": "how strongly each output of the model is tied to its corpus",
    "insights/training/style.py": "the rows of the table of accuracy",
    "insights/analysis/other_languages/rules.py": "what the rules of other languages find in place of the model",
    "insights/migrations/0001_initial.py": "what the first version had",
}
"""Besides the registry: files of the trained model and of the rules in its place, which can find these kinds only, and history."""
SPELLINGS = {
    kind.name: re.compile(
        rf"""["'`/.#]{kind.name}\b|\b{kind.name}["'`:]|["'/]{kind.path}\b|\b{kind.json_name}\b|\b(?:list_)?{kind.name.upper()}\b"""
        + (rf"|\b{kind.name}\b" if "_" in kind.name else "")
    )
    for kind in BUILT_IN
}
"""How code names a kind: as text, attribute, CSS class, SVG id, path, key of JSON, or constant. A question in prose is none."""


class AwaitedDetector:
    """A detector that is a coroutine function."""

    async def __call__(self, said: SpokenMessage, before: Sequence[SpokenMessage]) -> float:
        """Never called."""
        return 1.0


@pytest.fixture(autouse=True)
def _only_built_in() -> Iterator[None]:
    """Restore the registry after each test."""
    yield
    insight_kinds.install([])


def refusal(**changes: object) -> str:
    """Return why a changed kind cannot be registered, or an empty text."""
    try:
        insight_kinds.install([replace(DECISION, **changes)])  # type: ignore[arg-type]
    except KindError as error:
        assert insight_kinds.kinds() == BUILT_IN
        return str(error)
    return ""


def test_the_built_in_kinds_obey_the_rules() -> None:
    """Each built-in kind, given a detector, could be registered after the ones before it."""
    for place, kind in enumerate(BUILT_IN):
        insight_kinds.check(replace(kind, head="", detector=DECISION.detector), BUILT_IN[:place])
        assert kind.head


def test_an_added_kind_comes_after_the_others() -> None:
    """An added kind is last in every list, and gone when the registry is installed without it."""
    insight_kinds.install([DECISION])
    assert insight_kinds.kinds() == (*BUILT_IN, DECISION)
    assert insight_kinds.choices()[-1] == ("decision", "Decision")
    assert insight_kinds.listed("and") == "questions, action items, follow-ups and decisions"
    assert insight_kinds.kind_of("decision") is DECISION
    insight_kinds.install([])
    assert insight_kinds.kinds() == BUILT_IN
    assert insight_kinds.listed("or") == "questions, action items or follow-ups"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "Decision"}, "name='Decision': a lower-case word"),
        ({"name": "de cision"}, "name="),
        ({"name": "x" * 33}, "at most 32 letters"),
        ({"name": "question"}, "question: name='question' is taken by another kind; taken are action_item, follow_up, question"),
        ({"label": ""}, "decision: label='': a text such as Decision is needed"),
        ({"plural": ""}, "plural="),
        ({"path": ""}, "path='': a part of a URL"),
        ({"path": "a/b"}, "path='a/b'"),
        ({"path": "questions"}, "path='questions' is taken"),
        ({"icon": "M4 12h16"}, "icon='M4 12h16': the content of an SVG symbol"),
        ({"colour": "mauve"}, "colour='mauve': one of blue, orange, violet, green, pink, grey is needed"),
        ({"wire_name": "topic"}, "wire_name='topic': any name but topic is needed"),
        ({"wire_name": "question"}, "wire_type='question' is taken"),
        ({"detector": None}, "detector=None: a function that is no coroutine function, in place of a head, is needed"),
        ({"detector": asyncio.sleep}, "detector="),
        ({"detector": AwaitedDetector()}, "detector="),
        ({"head": "decision"}, "detector="),
        ({"counts_as": "joke"}, "counts_as='joke': the name of a kind that comes before is needed"),
    ],
)
def test_an_invalid_kind_is_refused(changes: dict[str, object], said: str) -> None:
    """The error names the kind, the field and the allowed values; the registry stays unchanged."""
    assert said in refusal(**changes)


def test_a_valid_kind_is_accepted() -> None:
    """A kind is accepted without and with every optional field."""
    assert refusal() == ""
    assert refusal(wire_name="verdict", assignable=True, addressed=True, counts_as=QUESTION.name) == ""


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nothing.here", "INSIGHT_KINDS='nothing.here': it cannot be imported"),
        ("insights.insight_kinds.BUILT_IN", "INSIGHT_KINDS='insights.insight_kinds.BUILT_IN': an InsightKind is needed, not tuple"),
        ("insights.insight_kinds.QUESTION", "INSIGHT_KINDS: question: detector=None"),
    ],
)
def test_an_invalid_setting_is_a_start_up_error(path: str, said: str) -> None:
    """The error names the setting and the entry."""
    with pytest.raises(ImproperlyConfigured) as refusal:
        register_kinds([path])
    assert said in str(refusal.value)
    assert insight_kinds.kinds() == BUILT_IN


@pytest.mark.parametrize("path", ["messages", "insights"])
def test_a_path_of_another_resource_is_a_start_up_error(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind's path must differ from those of the conversation's other resources."""
    ours = root.insights.router
    router = type(ours)()
    router.get(f"/v1/conversations/{{conversation_id}}/{path}")(lambda request, conversation_id: None)
    for own, view in ours.path_operations.items():
        for operation in view.operations:
            router.add_api_operation(own, operation.methods, operation.view_func)
    root.check_paths()
    monkeypatch.setattr(root.insights, "router", router)
    with pytest.raises(ImproperlyConfigured, match=f"INSIGHT_KINDS: the path /v1/conversations/{{conversation_id}}/{path} is taken"):
        root.check_paths()


def test_an_unregistered_kind_has_a_label() -> None:
    """Insights of a kind that is no longer registered are shown after all others."""
    gone = insight_kinds.kind_of("risk_item")
    assert (gone.label, gone.colour, gone.icon_id, gone.assignable) == ("Risk item", "grey", "kind", False)
    assert not insight_kinds.is_registered("risk_item")
    counts = counts_of({"risk_item": 1, "question": 2, "follow_up": 0})
    found = [(count.kind.name, count.number, count.noun) for count in counts]
    assert found == [("question", 2, "questions"), ("risk_item", 1, "risk item")]


def test_labels_in_sentences_keep_abbreviations() -> None:
    """Only an ordinary capitalised word becomes lower case."""
    breach = replace(DECISION, label="SLA breach", plural="SLA breaches")
    assert (breach.noun(1), breach.noun(3), DECISION.noun(1)) == ("SLA breach", "SLA breaches", "decision")


@given(st.frozensets(st.sampled_from(["question", "action_item", "follow_up", "verdict", "topic"])))
def test_a_client_gets_the_types_that_it_wants(wanted: frozenset[str]) -> None:
    """Types have their WebSocket names; a client that wants only the parent kind gets a kind as its parent."""
    verdict = replace(DECISION, wire_name="verdict", counts_as=FOLLOW_UP.name)
    insight_kinds.install([verdict])
    try:
        for name, ways in {
            QUESTION.name: ["question"],
            ACTION_ITEM.name: ["action_item"],
            FOLLOW_UP.name: ["follow_up", "action_item"],
            verdict.name: ["verdict", "follow_up", "action_item"],
            KindName("gone"): [],
        }.items():
            assert insight_kinds.wire_type_for(name, wanted) == next((way for way in ways if way in wanted), "")
    finally:
        insight_kinds.install([])


SAID = Said("We decided that Ada will send the report by Friday.", "A", NOON)


def found_by(**changes: object) -> dict[str, float]:
    """Return the insights that a changed kind and the model find in a sentence."""
    insight_kinds.install([replace(DECISION, **changes)])  # type: ignore[arg-type]
    return {finding.type: finding.confidence for finding in analyse(SAID, [], []).findings}


@pytest.mark.parametrize(("answer", "confidence"), [(0.7, 0.7), (3, 1.0), (None, None), (-1, None), (0.01, None), (float("nan"), None)])
def test_a_detector_returns_a_confidence(answer: float | None, confidence: float | None) -> None:
    """The confidence is clipped to 0..1; None and very small values are no insight."""
    assert found_by(detector=lambda said, before: answer).get("decision") == confidence


def test_a_failing_detector_keeps_the_other_insights(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the detector's name without the words."""

    def fails(said: SpokenMessage, before: Sequence[SpokenMessage]) -> float:
        raise ValueError(said.text)

    assert "action_item" in found_by(detector=fails)
    assert caplog.messages == ["the detector of the insight kind decision failed (ValueError)"]


def test_a_slow_detector_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The result of a slow detector counts; the log has no words."""

    def waits(said: SpokenMessage, before: Sequence[SpokenMessage]) -> float:
        time.sleep(SLOW_S)
        return 0.7

    assert found_by(detector=waits)["decision"] == 0.7
    (line,) = caplog.messages
    assert re.fullmatch(r"the detector of the insight kind decision took \d+\.\d s for a message; other messages wait meanwhile", line)


def test_a_detector_gets_the_previous_messages() -> None:
    """The previous messages are in order, oldest first."""
    seen = []
    insight_kinds.install([replace(DECISION, detector=lambda said, before: seen.append([one.text for one in (*before, said)]))])
    analyse(SAID, [Said("One.", "B", NOON), Said("Two.", "B", NOON)], [])
    assert seen == [["One.", "Two.", SAID.text]]


def test_only_an_assignable_kind_has_an_assignee_and_a_due_date() -> None:
    """The entry's field decides it, not its name."""
    promise = Said("I will send the report by Friday.", "A", NOON, "Ada")
    for assignable in (True, False):
        insight_kinds.install([replace(DECISION, assignable=assignable, detector=lambda said, before: 0.9)])
        (decision,) = [finding for finding in analyse(promise, [], []).findings if finding.type == "decision"]
        assert (decision.assignee is not None, decision.due is not None, bool(decision.action_phrase)) == (assignable,) * 3


def named_in(text: str) -> set[str]:
    """Return the kinds that a text names in code."""
    return {name for name, spelling in SPELLINGS.items() if spelling.search(text)}


@pytest.mark.parametrize(
    "text",
    [
        'LABELS = {"question": "Question", "action_item": "Action item"}',
        "if kind in (Type.QUESTION, Type.FOLLOW_UP):",
        "const ICONS = { question: 1, follow_up: 2 };",
        ".question { } .action_item { }",
        '<use href="/questions"> <a href="/follow-ups">',
        "questions: list[X]; actionItems: list[X]",
        "from insights.insight_kinds import ACTION_ITEM, FOLLOW_UP",
    ],
)
def test_the_check_finds_lists(text: str) -> None:
    """The check finds a list of kinds in every language of the sources."""
    assert len(named_in(text)) == 2


def test_the_check_ignores_prose() -> None:
    """The check ignores prose about kinds, and a variable with the name of one."""
    assert named_in('"""Questions, action items and follow-ups. A question is asked."""\nquestion = await ask(question)') == set()


def sources() -> Iterator[Path]:
    """Return every hand-written source file of the product."""
    for folder in SOURCES:
        for file in sorted(folder.rglob("*")):
            if file.suffix in {".py", ".js", ".css", ".html", ".svg"} and "vendor" not in file.parts:
                yield file


def test_no_other_module_lists_the_kinds() -> None:
    """A file may name one kind, but not two."""
    naming = {file.relative_to(ROOT).as_posix(): names for file in sources() if len(names := named_in(file.read_text())) > 1}
    assert naming.pop(HOME) == {kind.name for kind in BUILT_IN}
    assert naming.keys() == MODEL.keys()


def test_every_output_of_the_model_is_of_a_kind() -> None:
    """The model's labels are those in the registry."""
    assert {name.split("/")[1] for name in HEADS} == set(LABELS.values()) == {kind.head for kind in BUILT_IN}


def test_the_example_of_the_guide_works() -> None:
    """The guide's kind can be registered and finds its examples."""
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "develop" / "insight-kinds.md").read_text(), re.DOTALL)
    module: dict[str, insight_kinds.InsightKind] = {}
    exec(example, module)
    insight_kinds.install([module["DECISION"]])
    assert [finding.confidence for finding in analyse(SAID, [], []).findings if finding.type == "decision"] == [0.9]


def test_the_guide_names_the_files_to_touch() -> None:
    """docs/develop/insight-kinds.md lists at most six files for each way, and all of them exist."""
    page = (ROOT / "docs" / "develop" / "insight-kinds.md").read_text()
    for heading in ("In an app", "In Parley, found by a rule", "In Parley, found by the model"):
        section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
        rows = re.findall(r"^\d+\. `([\w./]+)`", section, re.MULTILINE)
        assert 1 <= len(rows) <= 6, heading
        ours = [row for row in rows if row.split("/")[0] in ("insights", "streaming", "docs", "tests")]
        assert [row for row in ours if not (ROOT / row).exists()] == [], heading
