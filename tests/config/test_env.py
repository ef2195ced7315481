"""Settings from the environment: typed, documented, and checked."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.env import Env, Setting, SettingError
from config.management.commands.settings_reference import PAGE, settings_page
from config.settings import env as declared
from tests.servers import ROOT


def test_an_empty_variable_counts_as_unset() -> None:
    """Unset, empty and blank variables give the default."""
    assert Env({}).text("NAME", "x", "") == "x"
    assert Env({"NAME": " "}).text("NAME", "x", "") == "x"


@pytest.mark.parametrize("value", ["abc", "1.5", "-1", "70000"])
def test_an_invalid_number_is_refused_by_name(value: str) -> None:
    """The message names the variable and the allowed range."""
    with pytest.raises(SettingError, match=r"PORT.*0.*65535"):
        Env({"PORT": value}).integer("PORT", 8000, "", least=0, most=65535)


@pytest.mark.parametrize("value", ["nan", "inf", "-3", "much"])
def test_an_invalid_decimal_is_refused_by_name(value: str) -> None:
    """NaN is refused too."""
    with pytest.raises(SettingError, match="DRAIN_S"):
        Env({"DRAIN_S": value}).number("DRAIN_S", 8, "", least=0.1, most=60)


def test_flags() -> None:
    """The usual words for yes and no are accepted, and no others."""
    for word, meant in (("1", True), ("yes", True), ("ON", True), ("0", False), ("false", False)):
        assert Env({"DEBUG": word}).flag("DEBUG", False, "") is meant
    with pytest.raises(SettingError, match="DEBUG"):
        Env({"DEBUG": "maybe"}).flag("DEBUG", False, "")


def test_choices() -> None:
    """The error for an unknown word lists the allowed ones."""
    with pytest.raises(SettingError, match="moonshine, scripted"):
        Env({"RECOGNISER": "parrot"}).choice("RECOGNISER", "moonshine", ("moonshine", "scripted"), "")


@pytest.mark.parametrize("value", ["moonshine", "mycompany.speech.MyRecogniser"])
def test_a_class_by_short_name_or_dotted_path(value: str) -> None:
    """The class is not imported."""
    assert Env({"RECOGNISER": value}).class_path("RECOGNISER", "scripted", ("moonshine", "scripted"), "") == value


@pytest.mark.parametrize("value", ["parrot", "my company.Speech", "mycompany/speech.py", ".speech.Mine", "speech.", "1st.Mine"])
def test_an_invalid_dotted_path(value: str) -> None:
    """The error has the setting, the value and the allowed values."""
    with pytest.raises(SettingError) as refused:
        Env({"RECOGNISER": value}).class_path("RECOGNISER", "moonshine", ("moonshine", "scripted"), "")
    assert str(refused.value).startswith(f"RECOGNISER={value!r}: allowed values are moonshine, scripted, or the dotted path of a class")


def test_an_invalid_url_is_refused_without_its_value() -> None:
    """The message does not repeat the URL, because a database URL may hold a password."""
    with pytest.raises(SettingError) as refused:
        Env({"DATABASE_URL": "mysql://me:hunter2@db/x"}).url("DATABASE_URL", "", ("postgres",))
    assert "hunter2" not in str(refused.value)
    assert "postgres://" in str(refused.value)


def test_words_and_paths() -> None:
    """White space is removed from lists, and paths become absolute."""
    assert Env({"HOSTS": " a, ,b "}).words("HOSTS", "", "") == ["a", "b"]
    assert Env({}).path("DATA_DIR", "./data", "").is_absolute()


def test_an_invalid_prefix_is_refused_by_name() -> None:
    """The message has the allowed prefixes."""
    env = Env({"HOSTS": "stun:a.example, b.example"})
    with pytest.raises(SettingError, match=r"HOSTS='b.example': must start with one of stun:, turn:"):
        env.words("HOSTS", "", "", starts=("stun:", "turn:"))
    assert Env({"HOSTS": "stun:a.example"}).words("HOSTS", "", "", starts=("stun:",)) == ["stun:a.example"]


@given(st.text())
def test_any_text_of_a_number_setting(value: str) -> None:
    """Any text gives a number within the range or SettingError."""
    try:
        number = Env({"N": value}).number("N", 1, "", least=0, most=10)
    except SettingError:
        return
    assert 0 <= number <= 10


def test_a_file_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    """An unset variable gives no file, and an existing file is accepted."""
    with pytest.raises(SettingError, match=r"SCRIPT='/nope': there is no such file"):
        Env({"SCRIPT": "/nope"}).file("SCRIPT", "")
    assert Env({}).file("SCRIPT", "") == ""
    there = tmp_path / "script.json"
    there.touch()
    assert Env({"SCRIPT": str(there)}).file("SCRIPT", "") == str(there)


def test_a_declaration_says_what_is_allowed() -> None:
    """The declaration has the range and the group that the reference shows."""
    env = Env({})
    env.group = "Server"
    env.integer("PORT", 8000, "A port.", least=0, most=65535)
    assert env.declared == {"PORT": Setting("PORT", "8000", "A port.", "whole number, 0 to 65535", "Server")}


def test_the_settings_page_is_what_the_code_declares() -> None:
    """The page equals the declarations; `manage.py settings_reference --write` updates it."""
    assert PAGE.read_text() == settings_page(declared.declared)


def test_every_variable_that_is_read_is_declared() -> None:
    """Variables that other modules read are declared too."""
    read = set()
    for wing in ("config", "streaming", "insights"):
        for file in (ROOT / wing).rglob("*.py"):
            read |= set(re.findall(r"os\.environ(?:\.get\(|\[)\"([A-Z_]+)\"", file.read_text()))
    assert "HF_TOKEN" in read
    assert read - set(declared.declared) == {"OPENBLAS_NUM_THREADS"}  # of numpy's; training sets it
    assert all(one.help and one.group for one in declared.declared.values())


def test_port_ranges() -> None:
    """Both ends belong to the range; anything else is refused by name."""
    assert Env({}).port_range("RTC_PORT_RANGE", "") == range(0)
    assert list(Env({"RTC_PORT_RANGE": "50000 - 50002"}).port_range("RTC_PORT_RANGE", "")) == [50000, 50001, 50002]
    for wrong in ("50000", "50001-50000", "80-90", "50000-70000", "a-b", "-50000"):
        with pytest.raises(SettingError, match="RTC_PORT_RANGE=.*such as 50000-50199"):
            Env({"RTC_PORT_RANGE": wrong}).port_range("RTC_PORT_RANGE", "")


def test_addresses() -> None:
    """IPv4 and IPv6; a host name or a network is refused by name."""
    assert Env({"A": "203.0.113.5, 2001:DB8::5"}).addresses("A", "") == ["203.0.113.5", "2001:db8::5"]
    for wrong in ("talk.example.org", "10.0.0.0/8"):
        with pytest.raises(SettingError, match="A=.*an IP address such as"):
            Env({"A": wrong}).addresses("A", "")
