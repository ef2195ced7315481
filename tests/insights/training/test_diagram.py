"""The reliability diagram."""

from xml.etree import ElementTree

from insights.training import diagram
from insights.training.diagram import ConfidenceBin

_SVG = "{http://www.w3.org/2000/svg}"


def _dots(drawn: str) -> list[dict[str, str]]:
    return [dict(dot.attrib) for dot in ElementTree.fromstring(drawn).iter(f"{_SVG}circle") if dot.find(f"{_SVG}title") is not None]


def test_calibrated_confidences_are_on_the_diagonal() -> None:
    """A dot's coordinates are confidence and share; few messages make it small and hollow."""
    drawn = diagram.draw({"a < b": [[ConfidenceBin(500, 0.25, 0.25), None, ConfidenceBin(3, 0.75, 0.25)]]}, ["only"])
    many, few = _dots(drawn)
    frame = next(ElementTree.fromstring(drawn).iter(f"{_SVG}rect")).attrib
    left, low = float(frame["x"]), float(frame["y"]) + float(frame["height"])
    assert float(many["cx"]) - left == low - float(many["cy"]) == low - float(few["cy"])
    assert float(few["cx"]) - left == 3 * (float(many["cx"]) - left)
    assert float(few["r"]) < float(many["r"])
    assert ("few" in few["class"], "few" in many["class"]) == (True, False)


def test_it_has_dark_colours_and_grows_by_rows() -> None:
    """There is a second set of colours for dark pages, and more panels make the image higher, not wider."""
    one, many = (
        ElementTree.fromstring(diagram.draw({str(number): [[ConfidenceBin(9, 0.5, 0.5)]] for number in range(count)}, ["only"]))
        for count in (1, 7)
    )
    assert "prefers-color-scheme:dark" in (one.findtext(f"{_SVG}style") or "")
    assert one.attrib["width"] == many.attrib["width"]
    assert int(many.attrib["height"]) > 2 * int(one.attrib["height"])
