"""Show the result of a comparison as text."""

from typing import Any, Dict, Iterable, List, Tuple

Row = Tuple[str, ...]


def result_text(result: Dict[str, Any]) -> str:
    """RETURNS (str): The tables of a result, what sharing costs, and which gradients conflict."""
    base, compared = result["base"], result["compared"]
    parts = [
        _scored_on(result),
        _table(_header(base, compared), _rows(result["tasks"], base, compared)),
    ]
    for name, group in result["groups"].items():
        rows = _rows(group["results"], "alone", "together")
        parts.append(f"{name}\n" + _table(_header("alone", "together"), rows))
    if len(result["seeds"]) == 2:
        parts.append("With two seeds only very large differences are shown: use three or more")
    lines = [*_unannotated(result), *_negative_transfer(result), *_conflicts(result)]
    parts.append("\n".join([*lines, *_cost(result)]))
    return "\n\n".join(parts)


def _scored_on(result: Dict[str, Any]) -> str:
    seeds = ", ".join(map(str, result["seeds"]))
    what = "the development corpus" if result["is_dev"] else "the test file"
    return (
        f"Scores in percent on {what} {result['scored_on']} ({result['n_documents']} documents), "
        f"{result['model']}, means of the seeds {seeds}"
    )


def _header(base: str, compared: str) -> Row:
    return ("task", base, compared, "difference", "95 % interval", "p (Holm)", "verdict")


def _rows(results: Dict[str, Any], base: str, compared: str) -> Iterable[Row]:
    for task, found in results.items():
        low, high = found["interval"]
        yield (
            task,
            f"{100 * found[base]:.1f}",
            f"{100 * found[compared]:.1f}",
            f"{100 * found['difference']:+.1f}",
            f"{100 * low:+.1f} to {100 * high:+.1f}",
            f"{found['p_holm']:.3f}",
            found["verdict"],
        )


def _table(header: Row, rows: Iterable[Row]) -> str:
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines)]
    lines.insert(1, tuple("-" * width for width in widths))
    last = len(header) - 1
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in (0, last) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths))
        ).rstrip()
        for line in lines
    )


def _unannotated(result: Dict[str, Any]) -> List[str]:
    tasks = result["unannotated"]
    return [f"Not annotated in these documents: {', '.join(tasks)}"] if tasks else []


def _negative_transfer(result: Dict[str, Any]) -> List[str]:
    found = [f"{each['task']} in {each['setup']}" for each in result["negative_transfer"]]
    return [f"Negative transfer: {', '.join(found) or 'none shown'}"]


def _conflicts(result: Dict[str, Any]) -> List[str]:
    cosines = {tuple(c["tasks"]): c["mean"] for c in result["conflicts"]["cosines"]}
    if not cosines:
        return [
            "Gradients: no batch had two tasks. `spacy mtl affinity` compares them all the same"
        ]
    pairs = [tuple(pair) for pair in result["conflicts"]["conflicting"]]
    shown = [f"{first} and {second} ({cosines[first, second]:+.2f})" for first, second in pairs]
    return [f"Conflicting gradients (mean cosine): {', '.join(shown) or 'none shown'}"]


def _cost(result: Dict[str, Any]) -> List[str]:
    cost = result["cost"]
    ratio = cost.get("joint_to_all_alone")
    if ratio is None:
        seconds, speed = cost["processor_seconds"], cost["words_per_second"]
        return [
            f"{name}: {_seconds(each)} of processor time, {speed[name]:,.0f} words per second"
            for name, each in seconds.items()
        ]
    lines = []
    if ratio["training"] is not None:
        lines.append(
            f"Training all together takes {ratio['training']:.2f} of the processor time of "
            "training each alone"
        )
    lines.append(
        f"Together they annotate {ratio['words_per_second']:.1f} times as many words per second as "
        f"one pipeline each ({cost['words_per_second']['joint']:,.0f} instead of "
        f"{cost['all_alone']['words_per_second']:,.0f})"
    )
    return lines


def _seconds(value: Any) -> str:
    return "unknown" if value is None else f"{value:,.0f} s"
