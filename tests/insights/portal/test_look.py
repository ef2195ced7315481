"""Colours have enough contrast, and every used name is defined."""

import re
from itertools import combinations
from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt
from pathlib import Path
from typing import get_args

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client

from insights import insight_kinds
from insights.portal.voices import VOICES

STATIC = Path(settings.BASE_DIR) / "insights" / "static" / "parley"
TEMPLATES = Path(settings.BASE_DIR) / "templates"
GROUNDS = ("paper", "card")
KINDS = ("blue", "orange", "violet", "green", "pink")
TEXTS = ("ink", "ink-2", "ink-interim", "accent", "live", *(f"voice-{number}" for number in range(8)), *KINDS)
ON_THEIR_OWN = [
    *((colour, f"{colour}-soft") for colour in KINDS),
    ("live", "live-soft"),
    ("warn", "warn-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    ("card", "live"),
    ("ink", "mark"),
    ("ink-2", "sunk"),
    ("ink", "accent-soft"),
    ("ink-2", "accent-soft"),
    ("accent", "accent-soft"),
]
BADGE = 0.16  # how much of the speaker's colour is in the background of its badge (pages.css)


def schemes() -> dict[str, dict[str, str]]:
    """Return the colours of the light and the dark scheme, by name."""
    light, dark = (STATIC / "tokens.css").read_text().split("@media (prefers-color-scheme: dark)")
    found = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part)) for part in (light, dark)]
    return {"light": found[0], "dark": {**found[0], **found[1]}}


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb, as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(one: str, other: str, share: float) -> str:
    """Return the sRGB mix of two colours as a browser computes it."""
    parts = [round(int(one[at : at + 2], 16) * share + int(other[at : at + 2], 16) * (1 - share)) for at in (1, 3, 5)]
    return "#" + "".join(f"{part:02x}" for part in parts)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(scheme: str) -> None:
    """The contrast of text is at least 4.5 to 1 (WCAG 2 AA for small text)."""
    colours = schemes()[scheme]
    pairs = [(text, ground) for text in TEXTS for ground in GROUNDS] + ON_THEIR_OWN
    poor = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: value for pair, value in poor.items() if value < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_initials_have_enough_contrast(scheme: str) -> None:
    """The background of a badge is a mix of the card's and the speaker's colour."""
    colours = schemes()[scheme]
    assert f"var(--voice) {BADGE:.0%}, var(--card)" in (STATIC / "pages.css").read_text()
    for number in range(8):
        voice = colours[f"voice-{number}"]
        assert contrast(voice, mixed(voice, colours["card"], BADGE)) >= 4.5


def lab(colour: str) -> tuple[float, float, float]:
    """Return #rrggbb in the CIELAB colour space (white point D65)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    rows = ((0.4124, 0.3576, 0.1805, 0.95047), (0.2126, 0.7152, 0.0722, 1.0), (0.0193, 0.1192, 0.9505, 1.08883))
    x, y, z = ((r * red + g * green + b * blue) / white for r, g, b, white in rows)
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: str, other: str) -> float:
    """Return the difference of two colours as people see it (CIEDE2000); about 1 can just be seen."""
    (l1, a1, b1), (l2, a2, b2) = lab(one), lab(other)
    mean = (hypot(a1, b1) + hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * sqrt(mean**7 / (mean**7 + 25**7))
    c1, c2 = hypot(a1 * stretch, b1), hypot(a2 * stretch, b2)
    h1, h2 = degrees(atan2(b1, a1 * stretch)) % 360, degrees(atan2(b2, a2 * stretch)) % 360
    turn = (h2 - h1 + 180) % 360 - 180
    chroma, light, hue = (c1 + c2) / 2, (l1 + l2) / 2, (h1 + turn / 2) % 360
    weight = (
        1
        - 0.17 * cos(radians(hue - 30))
        + 0.24 * cos(radians(2 * hue))
        + 0.32 * cos(radians(3 * hue + 6))
        - 0.2 * cos(radians(4 * hue - 63))
    )
    by_light = (l2 - l1) / (1 + 0.015 * (light - 50) ** 2 / sqrt(20 + (light - 50) ** 2))
    by_chroma = (c2 - c1) / (1 + 0.045 * chroma)
    by_hue = 2 * sqrt(c1 * c2) * sin(radians(turn / 2)) / (1 + 0.015 * chroma * weight)
    rotation = -2 * sqrt(chroma**7 / (chroma**7 + 25**7)) * sin(radians(60 * exp(-(((hue - 275) / 25) ** 2))))
    return sqrt(by_light**2 + by_chroma**2 + by_hue**2 + rotation * by_chroma * by_hue)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_speakers_can_be_told_apart(scheme: str) -> None:
    """The colours of any two of eight speakers differ by at least 10 (CIEDE2000)."""
    colours = [schemes()[scheme][f"voice-{number}"] for number in range(VOICES)]
    close = {pair: round(difference(*pair), 1) for pair in combinations(colours, 2) if difference(*pair) < 10}
    assert close == {}


def test_the_difference_matches_published_values() -> None:
    """Those of black and white, and of the primary colours of sRGB."""
    assert difference("#000000", "#ffffff") == pytest.approx(100, abs=0.1)
    assert difference("#ff0000", "#00ff00") == pytest.approx(86.6, abs=0.2)
    assert difference("#0000ff", "#00ff00") == pytest.approx(83.2, abs=0.2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_borders_and_focus_have_enough_contrast(scheme: str) -> None:
    """The contrast is at least 3 to 1 (WCAG 2 AA for non-text)."""
    colours = schemes()[scheme]
    pairs = [(edge, ground) for edge in ("line-strong", "accent", "live") for ground in GROUNDS]
    assert [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < 3] == []


def test_contrast_matches_wcag() -> None:
    """Black on white is 21 to 1, and #767676 on white is near the limit of 4.5."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_every_used_custom_property_is_defined() -> None:
    """A misspelt custom property would have no effect and raise no error."""
    text = "\n".join(file.read_text() for file in STATIC.glob("*.css"))
    used = set(re.findall(r"var\(--([\w-]+)", text))
    assert len(used) > 30
    assert used - set(re.findall(r"--([\w-]+):", text)) == {"level"}  # set by the live page's script


def test_every_used_icon_exists() -> None:
    """Templates and scripts name symbols of the icon sheet."""
    drawn = set(re.findall(r'id="i-([\w-]+)"', render_to_string("portal/icons.svg")))
    pages = "\n".join(file.read_text() for file in TEMPLATES.rglob("*.html"))
    kinds = {kind.icon_id for kind in (*insight_kinds.kinds(), insight_kinds.kind_of("gone"))}
    assert {"kind-question", "kind"} <= kinds
    used = set(re.findall(r'href="#i-([\w-]+)"', pages)) | kinds | {"alert"}
    assert used == drawn


def test_every_colour_of_a_kind_is_in_the_stylesheet() -> None:
    """The stylesheet defines the colour that each kind names."""
    rules = dict(re.findall(r'^\[data-colour="(\w+)"\] \{ --kind: var\(--([\w-]+)\);', (STATIC / "pages.css").read_text(), re.MULTILINE))
    assert rules == {colour: colour for colour in KINDS} | {"grey": "ink-2"}
    assert set(rules) == set(get_args(insight_kinds.Colour))


def test_favicon_has_its_default_url(client: Client) -> None:
    """/favicon.ico works for pages that do not name it, such as the admin's."""
    assert client.get("/favicon.ico").headers["Location"] == "/static/parley/icon.svg"
