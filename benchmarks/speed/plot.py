"""Plot the measured speeds."""

import json
import statistics
from pathlib import Path
from typing import Any, Dict, List

from .. import timing
from .limits import best_bare, is_bare


def newest_rows() -> Dict[str, Dict[str, Any]]:
    """Find what to plot: figures of different machines can't be compared.

    RETURNS (Dict[str, Dict[str, Any]]): By title, the last comparison of speeds on the machine of
        the last one of all.
    """
    lines = timing.RESULTS.read_text(encoding="utf8").splitlines()
    rows = [row for row in map(json.loads, lines) if _is_comparison(row.get("seconds"))]
    return {row["title"]: row for row in rows if row["machine"] == rows[-1]["machine"]}


def _is_comparison(seconds: Any) -> bool:
    # Other benchmarks also write what they measured.
    return isinstance(seconds, dict) and all(isinstance(found, list) for found in seconds.values())


def plot(path: Path) -> None:
    """Plot the `newest_rows`: medians with the lowest and highest ratios.

    path (Path): The file: .svg or .png.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = list(newest_rows().values())
    figure, axes = pyplot.subplots(
        len(rows), 1, figsize=(8, 0.6 + sum(0.5 + 0.3 * len(row["seconds"]) for row in rows)),
        height_ratios=[1 + len(row["seconds"]) for row in rows], squeeze=False,
    )  # fmt: skip
    for axis, row in zip(axes.ravel(), rows):
        first = next(iter(row["seconds"]))
        found = timing.ratios(row["seconds"], first)
        names = list(found)
        medians = [statistics.median(found[name]) for name in names]
        errors: List[List[float]] = [
            [median - min(found[name]) for name, median in zip(names, medians)],
            [max(found[name]) - median for name, median in zip(names, medians)],
        ]
        colors = ["tab:gray" if is_bare(name) else "tab:blue" for name in names]
        axis.barh(names, medians, xerr=errors, color=colors, ecolor="black")
        for precision, style in (("fp32", "-"), ("bf16", "--")):
            best = best_bare(row["seconds"], precision)
            if best is not None:
                axis.axvline(statistics.median(found[best]), color="tab:red", linestyle=style)
        axis.invert_yaxis()
        axis.set_title(f"{row['title']}\n{row['machine']}", fontsize=8)
        about = f"speed, {first} = 1 (median, lowest to highest)"
        if any(map(is_bare, names)):
            about += "; red: the limit, the best bare engine in float32 (bfloat16: dashed)"
        axis.set_xlabel(about, fontsize=7)
        axis.tick_params(labelsize=7)
    figure.tight_layout()
    figure.savefig(path)
    print(f"Saved {path}")
