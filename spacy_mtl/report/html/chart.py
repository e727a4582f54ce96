"""Charts as SVG in a page: drawn by matplotlib, colored by the page's own style."""

import io
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from markupsafe import Markup

#: In inches. Small, so that text stays readable where the chart is as narrow as a phone.
_SIZE = (4.8, 3.2)
#: Colors that stand for those of the page, light or dark.
_TEXT, _QUIET = "#010203", "#010204"
_SERIES = [f"#0102{i:02x}" for i in range(0x11, 0x19)]
_DASHES: Sequence[Any] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))


@dataclass(frozen=True)
class Chart:
    """A chart.

    title (str): What it shows.
    note (str): How to read it; may be empty.
    svg (Markup): The drawing.
    """

    title: str
    note: str
    svg: Markup


class PlotsError(RuntimeError):
    """Matplotlib isn't installed."""


def check_matplotlib() -> None:
    """Check whether charts can be drawn.

    RAISES (PlotsError): If matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as err:
        raise PlotsError(
            "Charts are drawn by matplotlib, which isn't installed: pip install 'spacy-mtl[plots]'"
        ) from err


def color_of(i: int) -> str:
    """RETURNS (str): The color of a series, for matplotlib."""
    return _SERIES[i % len(_SERIES)]


def dash_of(i: int) -> Any:
    """RETURNS (Any): The line style of a series: with more than 8 series, colors repeat."""
    return _DASHES[i // len(_SERIES) % len(_DASHES)]


def label_of(text: str, most: int = 28) -> str:
    """Make a label for matplotlib.

    text (str): The text.
    most (int): Longer ones lose their middle, in characters.
    RETURNS (str): A label that is shown as it is.
    """
    if len(text) > most:
        text = f"{text[: most // 2]}\u2026{text[len(text) - (most - most // 2 - 1) :]}"
    shown = "".join(c if c.isprintable() else "\ufffd" for c in text).replace("$", r"\$")
    # Labels that begin with "_" are left out of legends.
    return f"\u200b{shown}" if shown.startswith("_") else shown


@contextmanager
def axes() -> Iterator[Tuple[Any, Any]]:
    """Open a chart in the style of the page.

    YIELDS (Tuple[Figure, Axes]): matplotlib's figure and axes.
    """
    check_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    style: Any = {
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": _TEXT,
        "axes.labelcolor": _TEXT,
        "axes.edgecolor": _QUIET,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": _QUIET,
        "grid.alpha": 0.25,
        "grid.linewidth": 0.6,
        "xtick.color": _TEXT,
        "ytick.color": _TEXT,
        "legend.frameon": False,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
    }
    with matplotlib.rc_context(style), warnings.catch_warnings():
        # The browser chooses the fonts, so it doesn't matter which glyphs matplotlib's own has.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure = Figure(figsize=_SIZE, layout="constrained")
        yield figure, figure.subplots()


def finish(
    figure: Any, title: str, note: str, name: str, tips: Optional[Dict[str, List[str]]] = None
) -> Chart:
    """Turn a figure into a chart. The same figure always gives the same text.

    figure (Figure): The figure.
    title (str): What it shows.
    note (str): How to read it.
    name (str): A name that no other chart of the page has, of ASCII letters and digits.
    tips (Optional[Dict[str, List[str]]]): What to show when a point is hovered over, by the gid of
        a line: one text per point.
    RETURNS (Chart): The chart.
    """
    import matplotlib

    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(file, format="svg", metadata=dict.fromkeys(("Date", "Creator")))
    svg = file.getvalue().decode("utf8")
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    for gid, texts in (tips or {}).items():
        svg = _with_tips(svg, gid, texts)
    # All charts are in one page, where ids must not repeat.
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = svg.replace(_TEXT, "currentColor").replace(_QUIET, "var(--quiet)")
    for i, color in enumerate(_SERIES, 1):
        svg = svg.replace(color, f"var(--series-{i})")
    label = Markup.escape(title)
    return Chart(
        title, note, Markup(svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1))
    )


def _with_tips(svg: str, gid: str, texts: List[str]) -> str:
    """Give the points of a line titles, which browsers show without a script."""
    start = svg.index(f'id="{gid}"')
    # Points are in a group of their own, right after the line.
    end = svg.index("</g>", start)
    before, points = svg[:start], re.split(r"(<use [^>]*)/>", svg[start:end])
    if len(points) != 2 * len(texts) + 1:
        # Points are only drawn if there are few.
        return svg
    for i, text in enumerate(texts):
        points[2 * i + 1] += f"><title>{Markup.escape(text)}</title></use>"
    return before + "".join(points) + svg[end:]
