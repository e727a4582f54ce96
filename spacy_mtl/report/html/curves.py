"""Charts of what changes during a training."""

import math
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy

from ..numbers import compact
from .chart import Chart, axes, color_of, dash_of, finish, label_of

#: A larger ratio of values is shown on a logarithmic axis.
_WIDE = 50
_MOST_COLUMNS = 3
#: The height of a row of the legend, in inches.
_ROW_HEIGHT = 0.2
#: The longest name of a task beside a heat map, in characters.
_MOST_OF_PAIR = 14


def draw_curves(
    name: str,
    title: str,
    steps: Sequence[int],
    series: Dict[str, List[float]],
    unit: str,
    *,
    note: str = "",
    limits: Optional[Sequence[float]] = None,
) -> Optional[Chart]:
    """Draw one curve per series over the steps of a training.

    name (str): See `finish`.
    title (str): What it shows.
    steps (Sequence[int]): The steps.
    series (Dict[str, List[float]]): Values by name, NaN where there is none.
    unit (str): What the values are.
    note (str): How to read it.
    limits (Optional[Sequence[float]]): The ends of the axis of values.
    RETURNS (Optional[Chart]): The chart; None if there is no value.
    """
    finite = [v for values in series.values() for v in values if math.isfinite(v)]
    if not finite:
        return None
    with axes() as (figure, ax):
        lines, tips = [], {}
        for i, (key, values) in enumerate(series.items()):
            style = {"color": color_of(i), "linestyle": dash_of(i), **_marks(values)}
            lines += ax.plot(steps, values, gid=f"line-{i}", **style)
            tips[f"line-{i}"] = [
                f"{key}, step {step:,}: {compact(value)}"
                for step, value in zip(steps, values)
                if math.isfinite(value)
            ]
        if limits is not None:
            ax.set_ylim(*limits)
        elif min(finite) > 0 and max(finite) / min(finite) > _WIDE:
            ax.set_yscale("log")
            unit = f"{unit} (log scale)"
        _label(figure, ax, lines, list(series), unit)
        return finish(figure, title, note, name, tips)


def draw_shares(
    name: str,
    title: str,
    steps: Sequence[int],
    series: Dict[str, List[float]],
    unit: str,
    *,
    note: str = "",
) -> Optional[Chart]:
    """Draw how much of the whole each series has, as bars.

    name (str): See `finish`.
    title (str): What it shows.
    steps (Sequence[int]): The steps.
    series (Dict[str, List[float]]): Amounts by name; NaN counts as 0.
    unit (str): Shares of what.
    note (str): How to read it.
    RETURNS (Optional[Chart]): The chart; None if there is no amount.
    """
    amounts = numpy.nan_to_num(numpy.asarray(list(series.values()), dtype="float64"))
    totals = amounts.sum(axis=0) if len(series) else numpy.zeros(0)
    kept = totals > 0
    if not kept.any():
        return None
    shares = 100 * amounts[:, kept] / totals[kept]
    at = numpy.asarray(steps, dtype="float64")[kept]
    width = 0.85 * float(numpy.diff(at).min()) if len(at) > 1 else 1.0
    with axes() as (figure, ax):
        bars, bottom = [], numpy.zeros(shares.shape[1])
        for i, row in enumerate(shares):
            bars.append(ax.bar(at, row, width, bottom=bottom, color=color_of(i)))
            bottom = bottom + row
        ax.set_ylim(0, 100)
        _label(figure, ax, bars, list(series), unit)
        return finish(figure, title, note, name)


def draw_cosines(
    name: str,
    title: str,
    steps: Sequence[int],
    series: Dict[Tuple[str, str], List[float]],
    note: str,
) -> Optional[Chart]:
    """Draw a heat map of cosines: one row per pair of tasks, one column per evaluation.

    name (str): See `finish`.
    title (str): What it shows.
    steps (Sequence[int]): The steps.
    series (Dict[Tuple[str, str], List[float]]): Cosines by pair, NaN where there is none.
    note (str): How to read it.
    RETURNS (Optional[Chart]): The chart; None if there is no cosine.
    """
    values = numpy.asarray(list(series.values()), dtype="float64")
    if not numpy.isfinite(values).any():
        return None
    largest = float(numpy.nanmax(numpy.abs(values))) or 1.0
    with axes() as (figure, ax):
        from matplotlib import colormaps

        figure.set_size_inches(4.8, max(2.2, 1.3 + 0.3 * len(series)))
        ax.grid(visible=False)
        # Cells, not pixels: the columns are evaluations, whatever the steps between them.
        drawn = ax.pcolormesh(
            numpy.ma.masked_invalid(values),
            cmap=colormaps["RdBu"].resampled(21),
            vmin=-largest,
            vmax=largest,
        )
        ticks = _few(len(steps))
        ax.set_xticks([i + 0.5 for i in ticks], [f"{steps[i]:,}" for i in ticks])
        pairs = [", ".join(label_of(task, _MOST_OF_PAIR) for task in pair) for pair in series]
        ax.set_yticks(numpy.arange(len(series)) + 0.5, pairs)
        ax.invert_yaxis()
        ax.set_xlabel("step")
        bar = figure.colorbar(drawn, ax=ax, location="top", aspect=40, shrink=0.9)
        bar.set_label("cosine (red: conflict)")
        return finish(figure, title, note, name)


def _marks(values: Sequence[float]) -> Dict[str, Any]:
    """A point that has no neighbor would be invisible as a line."""
    n = sum(map(math.isfinite, values))
    return {"linewidth": 1.6, "marker": "o" if n <= 30 else "", "markersize": 3}


def _label(figure: Any, ax: Any, handles: List[Any], names: List[str], unit: str) -> None:
    ax.set_xlabel("step")
    ax.set_ylabel(unit)
    ax.xaxis.get_major_locator().set_params(integer=True, nbins=6)
    labels = [label_of(each) for each in names]
    longest = max(map(len, labels))
    n_columns = min(_MOST_COLUMNS, max(1, 48 // (longest + 6)), len(names))
    n_rows = math.ceil(len(names) / n_columns)
    # The legend must not take the room of the curves.
    figure.set_figheight(figure.get_figheight() + _ROW_HEIGHT * max(0, n_rows - 2))
    figure.legend(handles, labels, loc="outside lower center", ncols=n_columns)


def _few(n: int, most: int = 6) -> List[int]:
    """Indices of some of n columns, evenly spaced."""
    return sorted({round(i) for i in numpy.linspace(0, n - 1, min(n, most))})
