"""Charts take their colors from the page."""

import math
import re
import sys
from typing import Any

import pytest

from spacy_mtl.report.html.chart import PlotsError, check_matplotlib, label_of
from spacy_mtl.report.html.curves import draw_cosines, draw_curves, draw_shares

STEPS = [0, 50, 100]


def test_colors_are_those_of_the_page() -> None:
    chart = draw_curves("a", "A", STEPS, {"x": [1.0, 2, 3], "y": [3.0, 2, 1]}, "unit")
    assert chart is not None
    assert set(re.findall(r"#[0-9a-fA-F]{6}\b", chart.svg)) == set()
    for color in ("currentColor", "var(--quiet)", "var(--series-1)", "var(--series-2)"):
        assert color in chart.svg
    assert 'role="img" aria-label="A"' in chart.svg


def test_points_say_their_values() -> None:
    """Without a script; not where there are too many to hit one."""
    chart = draw_curves("a", "A", STEPS, {"<x>": [1.0, math.nan, 3], "y": [3.0, 2, 1]}, "unit")
    assert chart is not None
    said = re.findall(r"<use [^>]*><title>(.*?)</title></use>", chart.svg)
    assert said == [
        "&lt;x&gt;, step 0: 1.00",
        "&lt;x&gt;, step 100: 3.00",
        "y, step 0: 3.00",
        "y, step 50: 2.00",
        "y, step 100: 1.00",
    ]
    many = draw_curves("a", "A", range(100), {"x": [1.0] * 100}, "unit")
    assert many is not None
    assert "<title>" not in many.svg


def test_wide_ranges_are_logarithmic() -> None:
    narrow = draw_curves("a", "A", STEPS, {"x": [1.0, 2, 3]}, "unit")
    wide = draw_curves("a", "A", STEPS, {"x": [1.0, 20, 300]}, "unit")
    signed = draw_curves("a", "A", STEPS, {"x": [-1.0, 20, 300]}, "unit")
    assert narrow is not None
    assert wide is not None
    assert signed is not None
    assert ["log scale" in chart.svg for chart in (narrow, wide, signed)] == [False, True, False]


def test_nothing_to_draw() -> None:
    assert draw_curves("a", "A", STEPS, {"x": [math.nan] * 3}, "unit") is None
    assert draw_shares("a", "A", STEPS, {}, "unit") is None
    assert draw_shares("a", "A", STEPS, {"x": [0.0, 0.0, math.nan]}, "unit") is None
    assert draw_cosines("a", "A", STEPS, {}, "note") is None


@pytest.mark.parametrize("text", ["_a", "$a$", "a\nb"])
def test_labels(text: str) -> None:
    assert not label_of(text).startswith("_")
    assert "\n" not in label_of(text)
    assert re.search(r"(?<!\\)\$", label_of(text)) is None


def test_long_labels_keep_both_ends() -> None:
    text = f"start{'-' * 100}end"
    assert len(label_of(text)) == 28
    assert label_of(text).startswith("start-")
    assert label_of(text).endswith("-end")
    assert label_of("x" * 28) == "x" * 28


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    missing: Any = None
    monkeypatch.setitem(sys.modules, "matplotlib", missing)
    with pytest.raises(PlotsError, match=r"isn't installed: pip install 'spacy-mtl\[plots\]'"):
        check_matplotlib()
