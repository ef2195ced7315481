"""Settings from the environment: typed, documented, loud on nonsense."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.env import DECLARED, Env, SettingError

SETTINGS_PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


def test_an_empty_variable_counts_as_unset() -> None:
    """The default holds for an unset, an empty and a blank variable."""
    assert Env({}).text("NAME", "x", "") == "x"
    assert Env({"NAME": " "}).text("NAME", "x", "") == "x"


@pytest.mark.parametrize("value", ["abc", "1.5", "-1", "70000"])
def test_a_wrong_number_is_refused_by_name(value: str) -> None:
    """The message names the variable and the allowed range."""
    with pytest.raises(SettingError, match=r"PORT.*0.*65535"):
        Env({"PORT": value}).integer("PORT", 8000, "", least=0, most=65535)


@pytest.mark.parametrize("value", ["nan", "inf", "-3", "much"])
def test_a_wrong_decimal_is_refused_by_name(value: str) -> None:
    """Not-a-number is no number."""
    with pytest.raises(SettingError, match="DRAIN_S"):
        Env({"DRAIN_S": value}).number("DRAIN_S", 8, "", least=0.1, most=60)


def test_flags() -> None:
    """The usual words for yes and no, and nothing else."""
    for word, meant in (("1", True), ("yes", True), ("ON", True), ("0", False), ("false", False)):
        assert Env({"DEBUG": word}).flag("DEBUG", False, "") is meant
    with pytest.raises(SettingError, match="DEBUG"):
        Env({"DEBUG": "maybe"}).flag("DEBUG", False, "")


def test_choices() -> None:
    """A word outside the list is refused with the list."""
    with pytest.raises(SettingError, match="moonshine, scripted"):
        Env({"RECOGNISER": "parrot"}).choice("RECOGNISER", "moonshine", ("moonshine", "scripted"), "")


def test_a_wrong_url_is_refused_without_being_shown() -> None:
    """A database URL may hold a password, so the message does not repeat it."""
    with pytest.raises(SettingError) as refused:
        Env({"DATABASE_URL": "mysql://me:hunter2@db/x"}).url("DATABASE_URL", "", ("postgres",))
    assert "hunter2" not in str(refused.value)
    assert "postgres://" in str(refused.value)


def test_words_and_paths() -> None:
    """Lists lose their blanks, paths become absolute."""
    assert Env({"HOSTS": " a, ,b "}).words("HOSTS", "", "") == ["a", "b"]
    assert Env({}).path("DATA_DIR", "./data", "").is_absolute()


def test_a_word_that_starts_otherwise_is_refused_by_name() -> None:
    """With what is allowed."""
    env = Env({"HOSTS": "stun:a.example, b.example"})
    with pytest.raises(SettingError, match=r"HOSTS='b.example': must start with one of stun:, turn:"):
        env.words("HOSTS", "", "", starts=("stun:", "turn:"))
    assert Env({"HOSTS": "stun:a.example"}).words("HOSTS", "", "", starts=("stun:",)) == ["stun:a.example"]


@given(st.text())
def test_no_text_makes_a_number_setting_fail_otherwise(value: str) -> None:
    """Whatever stands in the variable: a number within the range, or SettingError."""
    try:
        number = Env({"N": value}).number("N", 1, "", least=0, most=10)
    except SettingError:
        return
    assert 0 <= number <= 10


def test_the_settings_page_lists_every_variable() -> None:
    """docs/settings.md says what the code declares: names, defaults and words."""
    rows = [line for line in SETTINGS_PAGE.read_text().splitlines() if line.startswith("| `")]
    for setting in DECLARED.values():
        if setting.name in ("NAME", "N", "HOSTS"):  # declared by the tests above
            continue
        row = next((row for row in rows if row.startswith(f"| `{setting.name}` |")), None)
        assert row is not None, f"{setting.name} is missing in docs/settings.md"
        if setting.help:
            assert setting.help in row
    names = {row.split("`")[1] for row in rows}
    assert names <= set(DECLARED)
