"""An insight written as a task: what is to be done, without the sentence in which it was said. Pure: no Django, no I/O."""

LEAST_WORDS = 3
"""Words of an action phrase that says what is to be done without its sentence ("Prepare it" does not)."""


def as_task(text: str, action_phrase: str, *, edited: bool) -> str:
    """Return what a person wrote, else the action phrase as a sentence, else the text of the insight."""
    phrase = action_phrase.strip()
    if edited or len(phrase.split()) < LEAST_WORDS:
        return text
    return phrase[0].upper() + phrase[1:] + ("" if phrase[-1] in ".!?" else ".")
