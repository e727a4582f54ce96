"""Draw reliability diagrams: how often predictions are right, by their confidence."""

from dataclasses import dataclass
from typing import Dict, List, Sequence

from ..calibration.events import Events
from ..calibration.metrics import Bin, bins_of, measure
from .heat_map_style import NOTE_SIZE, SIZE, STRONGEST, TITLE_SIZE, style
from .svg import drawing, element, escaped, width_of

#: The side of the square that a diagram is drawn in, and the space around it.
_SIDE, _LEFT, _RIGHT, _BELOW, _MARGIN = 200.0, 48.0, 24.0, 52.0, 16.0
_TICKS = (0.0, 0.5, 1.0)
#: Bars with fewer predictions are paler.
_FEW, _PALEST = 20, 0.15
_NOTE = "Bars: the share that is right. Pale: fewer than 20 predictions. Line: perfect calibration."


@dataclass(frozen=True)
class Diagrams:
    """The diagrams of a head, next to each other.

    title (str): What they are of.
    events (Dict[str, Events]): The predictions of each diagram, by its title.
    """

    title: str
    events: Dict[str, Events]


def draw_reliability(rows: Sequence[Diagrams], title: str) -> str:
    """Draw reliability diagrams, a row for each head. The colors follow the viewer's mode.

    rows (Sequence[Diagrams]): The diagrams.
    title (str): What they are of, for screen readers.
    RETURNS (str): The text of an SVG file.
    SOURCE: DeGroot and Fienberg 1983, doi:10.2307/2987588, drawn as in Guo et al. 2017.
    """
    cell = _LEFT + _SIDE + _RIGHT
    widths = [cell * len(row.events) for row in rows]
    widths += [width_of(row.title, TITLE_SIZE) for row in rows] + [width_of(_NOTE, NOTE_SIZE)]
    y = _MARGIN + NOTE_SIZE
    parts = [_text(_NOTE, 0.0, y, "note")]
    for row in rows:
        y += TITLE_SIZE + 20
        parts.append(_text(row.title, 0.0, y, "title"))
        y += SIZE + 14
        for i, (name, events) in enumerate(row.events.items()):
            drawn = "\n".join(_diagram(name, events))
            parts.append(element("g", drawn, transform=f"translate({i * cell + _LEFT:g} {y:g})"))
        y += _SIDE + _BELOW
    width, height = max(widths) + 2 * _MARGIN, y + _MARGIN
    body = element("g", "\n".join(parts), transform=f"translate({_MARGIN:g} 0)")
    return drawing(title, style(), [body], width, height)


def _diagram(name: str, events: Events) -> List[str]:
    """RETURNS (List[str]): The elements of a diagram, with its upper left corner at (0, 0)."""
    found = measure(events.confidences, events.correct)
    parts = [_text(f"{name}: ECE {found.ece:.3f}, n {found.n:,}", 0.0, -8.0, "note")]
    parts += [_bar(each) for each in bins_of(events.confidences, events.correct)]
    parts.append(element("rect", class_="line", x=0, y=0, width=_SIDE, height=_SIDE))
    parts.append(element("path", class_="line", d=f"M0 {_SIDE:g}L{_SIDE:g} 0"))
    for tick in _TICKS:
        parts.append(_text(f"{tick:g}", tick * _SIDE, _SIDE + SIZE + 4, "column"))
        parts.append(_text(f"{tick:g}", -6.0, (1 - tick) * _SIDE + SIZE * 0.36, "row"))
    parts.append(_text("confidence", _SIDE / 2, _SIDE + 2 * SIZE + 10, "column"))
    return parts


def _bar(own: Bin) -> str:
    opacity = max(_PALEST, STRONGEST * min(1.0, own.n / _FEW))
    sides = {"x": own.low * _SIDE, "width": (own.high - own.low) * _SIDE}
    top = (1 - own.accuracy) * _SIDE
    says = f"{own.n:,} predictions, confidence {own.confidence:.3f}, right {own.accuracy:.3f}"
    return element(
        "rect",
        element("title", escaped(says)),
        class_="above",
        fill_opacity=opacity,
        y=top,
        height=_SIDE - top,
        **sides,
    )


def _text(text: str, x: float, y: float, kind: str) -> str:
    return element("text", escaped(text), x=x, y=y, class_=kind)
