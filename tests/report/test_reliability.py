"""Reliability diagrams."""

from xml.etree import ElementTree

from drawn_confidences import draw

from spacy_mtl.calibration.metrics import bins_of, expected_calibration_error
from spacy_mtl.report.reliability import Diagrams, draw_reliability

SVG = "{http://www.w3.org/2000/svg}"


def test_diagrams() -> None:
    """Two heads of two diagrams each, with a bar for each bin, as high as its accuracy."""
    events = draw(300)
    rows = [Diagrams(name, {"before": events, "after": events}) for name in ("ner", "<tags>")]
    root = ElementTree.fromstring(draw_reliability(rows, "All"))
    assert root.get("width") == root.get("viewBox", "").split()[2]
    titles = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "title"]
    assert titles == ["ner", "<tags>"]
    bins = bins_of(events.confidences, events.correct)
    bars = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "above"]
    assert len(bars) == 4 * len(bins)
    for bar, own in zip(bars, bins):
        assert abs(float(bar.get("height", 0)) / 200 - own.accuracy) < 0.001
        assert abs(float(bar.get("x", 0)) / 200 - own.low) < 0.001
        says = bar.find(f"{SVG}title")
        assert says is not None
        assert (says.text or "").startswith(f"{own.n} predictions")
    pale = [float(bar.get("fill-opacity", 0)) for bar in bars[: len(bins)]]
    assert max(pale) == 0.8
    assert [opacity < 0.8 for opacity in pale] == [own.n < 20 for own in bins]
    notes = [text.text or "" for text in root.iter(f"{SVG}text")]
    ece = expected_calibration_error(events.confidences, events.correct)
    assert notes.count(f"before: ECE {ece:.3f}, n 300") == 2
