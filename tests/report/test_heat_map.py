"""Heat maps: what they show, and that it can be read."""

import math
from typing import Any, List
from xml.etree import ElementTree

import pytest
from fixed_structure import RELATIONS, TREE

from spacy_mtl.report.heat_map import draw_tables
from spacy_mtl.report.heat_map_style import DARK, LIGHT, STRONGEST, Palette
from spacy_mtl.types import StructureTable

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*tables: StructureTable) -> Any:
    return ElementTree.fromstring(draw_tables(tables, "What was learned"))


def texts(root: Any, kind: str) -> List[str]:
    found = [each for each in root.iter(f"{SVG}text") if kind in each.get("class").split()]
    return ["".join(each.itertext()) for each in found]


def cells(root: Any) -> List[Any]:
    """The sign and the opacity of each cell."""
    found = [each for each in root.iter(f"{SVG}rect") if each.get("class") in ("above", "below")]
    return [(each.get("class"), float(each.get("fill-opacity"))) for each in found]


def test_tables_are_drawn_one_below_the_other() -> None:
    root = drawn(RELATIONS, TREE)
    assert root.find(f"{SVG}title").text == "What was learned"
    assert texts(root, "title") == ["relations", "tree"]
    assert texts(root, "note") == [RELATIONS.note, TREE.note]
    assert texts(root, "row") == [*RELATIONS.rows, *TREE.rows]
    assert texts(root, "column") == [*RELATIONS.columns, *TREE.columns]
    numbers = ["1.000", "0.750", "-0.500", "0.750", "1.000", "0.125", "-0.500", "0.125", "1.000"]
    assert texts(root, "number") == [*numbers, "1", "0", "1", "0", "0", "1"]
    places = [group.get("transform") for group in root.iter(f"{SVG}g")]
    tops = [float(place.split()[1].rstrip(")")) for place in places]
    assert tops[1] > tops[0] + 3 * 32
    assert float(root.get("height")) > tops[1] + 3 * 32


def test_everything_is_inside_the_drawing() -> None:
    wide = StructureTable("gates", ["t" * 24], [f"expert {i}" for i in range(20)], [[0.5] * 20])
    root = drawn(RELATIONS, wide)
    for rect in root.iter(f"{SVG}rect"):
        if rect.get("class") != "background":
            right = float(rect.get("x")) + float(rect.get("width"))
            assert 0 < right < float(root.get("width"))


def test_color_shows_sign_and_size() -> None:
    table = StructureTable("stitches", ["a", "b"], ["a", "b"], [[2.0, -1.0], [0.0, math.nan]])
    root = drawn(table)
    half = STRONGEST / 2
    assert cells(root) == [("above", STRONGEST), ("below", half), ("above", 0), ("above", 0)]
    assert texts(root, "quiet") == ["0"]
    assert texts(root, "number")[-1] == "nan"


def test_zeros_only() -> None:
    root = drawn(StructureTable("tree", ["a"], ["b"], [[0.0]]))
    assert cells(root) == [("above", 0)]


@pytest.mark.parametrize("table", [StructureTable("tree", [], ["b"], []), None])
def test_nothing_to_draw(table: Any) -> None:
    root = drawn(*[table] if table else [])
    assert cells(root) == []


def test_odd_names() -> None:
    name = "<script>alert('&')</script> in a very long name"
    root = drawn(StructureTable("<b>", [name], ["\x1b\x00"], [[1.0]], "a < b & c"))
    assert not list(root.iter(f"{SVG}script"))
    (row,) = (each for each in root.iter(f"{SVG}text") if each.get("class") == "row")
    # The full name is in a tooltip.
    assert row.find(f"{SVG}title").text == name
    assert row.find(f"{SVG}title").tail == name[:23] + "…"
    assert texts(root, "column") == ["\ufffd\ufffd"]
    assert (texts(root, "title"), texts(root, "note")) == (["<b>"], ["a < b & c"])


def test_long_notes_are_wrapped() -> None:
    note = "How to read the values. " * 20
    lines = texts(drawn(StructureTable("gates", ["a"], ["b"], [[1.0]], note)), "note")
    assert len(lines) > 3
    assert " ".join(lines) == note.strip()


def test_values_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="table 'gates' has 1 rows and 2 columns"):
        drawn(StructureTable("gates", ["a"], ["b", "c"], [[1.0]]))


def brightness(color: str) -> float:
    """Relative luminance, as in WCAG 2."""
    values = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def mixed(below: str, above: str, opacity: float) -> str:
    parts = [
        round(int(below[i : i + 2], 16) * (1 - opacity) + int(above[i : i + 2], 16) * opacity)
        for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in parts)


def contrast(one: str, other: str) -> float:
    dark, bright = sorted([brightness(one), brightness(other)])
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_is_readable(palette: Palette) -> None:
    """WCAG 2 asks for 4.5."""
    assert contrast(palette.quiet, palette.background) >= 4.5
    for fill in (palette.above, palette.below):
        for opacity in (0.0, STRONGEST / 2, STRONGEST):
            assert contrast(palette.text, mixed(palette.background, fill, opacity)) >= 4.5


def test_colors_follow_the_viewer() -> None:
    style = drawn(TREE).find(f"{SVG}style").text
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    assert LIGHT.background in light
    assert DARK.background in dark
