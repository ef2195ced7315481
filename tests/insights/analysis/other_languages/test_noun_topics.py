"""Topics in German, French and Spanish."""

from insights.analysis.other_languages.noun_topics import NounTopics
from insights.analysis.other_languages.rules_by_language import rules_of


def top(language: str, *texts: str) -> list[str]:
    rules = rules_of(language)
    assert rules is not None
    index = NounTopics(rules)
    for number, text in enumerate(texts):
        index.add(str(number), text, 0.5)
    return [topic.text for topic in index.top(5)]


def test_german_nouns() -> None:
    """Nouns inside of sentences are topics, in all their forms together; verbs and the first word of a sentence are not."""
    texts = (
        "Wir prüfen den Vertrag mit Hamburg.",
        "Die Verträge sind da, der Vertrag gilt.",
        "Schicken wir den Vertrag? Danach kommt Lieferung zwei.",
    )
    found = top("de", *texts)
    assert found[0] == "Vertrag"
    assert "Schicken" not in found
    assert "Lieferung" in found


def test_french_and_spanish_phrases() -> None:
    """What follows a determiner is a topic, with `de` inside of it; stop words are none."""
    french = top("fr", "Le contrat de maintenance est prêt.", "On signe le contrat de maintenance.", "L'équipe est là.")
    assert french[0] == "contrat de maintenance"
    assert "équipe" in french
    spanish = top("es", "El plan de marketing está listo.", "Revisamos el plan de marketing con la empresa.")
    assert spanish[0] == "plan de marketing"
    assert "empresa" in spanish


def test_a_topic_knows_its_messages() -> None:
    """Messages and sentiment of a topic are those in which it was said; scores are relative to the strongest."""
    rules = rules_of("de-AT")
    assert rules is not None
    index = NounTopics(rules)
    index.add("a", "Das ist der Haushalt.", 1.0)
    index.add("b", "Wir kürzen den Haushalt und die Werbung.", 0.0)
    first, second = index.top(2)
    assert (first.text, first.score, first.message_ids, first.sentiment) == ("Haushalt", 1.0, ("a", "b"), 0.5)
    assert 0 < second.score < 1
    assert index.top(0) == []
