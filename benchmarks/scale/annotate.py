"""Compare the ways to annotate a collection, check what they return, and watch their memory."""

import json
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, List, Tuple

from spacy_mtl.deploy.collection import ROWS_A_BATCH
from spacy_mtl.deploy.fields import DEFAULT

from .. import timing
from ..finished import add_finished
from ..places import RESULTS
from ..soak import growth
from ..speed.contestants import HEADS, gold_docs, make_nlp
from .contestants import (
    CONTESTANTS,
    Contestant,
    Row,
    Timed,
    Watched,
    batches_of,
    found_by_workers,
)
from .texts import rows_of

PATH = RESULTS / "annotate.jsonl"
FIRST = next(iter(CONTESTANTS))
#: The largest difference of two scores. Batches differ, and with them the order of sums.
ROUNDING = 1e-4


def prepare(encoder: str, work: Path) -> Path:
    """Briefly train a pipeline, and save it.

    encoder (str): A folder or a name on the model hub.
    work (Path): Folder for corpora and models.
    RETURNS (Path): Its folder.
    """
    path = work / "scale/pipeline"
    path.mkdir(parents=True, exist_ok=True)
    make_nlp("ours", HEADS["gum"], encoder, gold_docs("gum", "train", 100, work)).to_disk(path)
    return path


def compare(
    corpus: str,
    n: int,
    pipeline: Path,
    contestants: Dict[str, Contestant],
    n_workers: int,
    turns: int,
    work: Path,
) -> Dict[str, Any]:
    """Let the contestants annotate in turns.

    corpus (str): "gum" or "short".
    n (int): The number of texts. 0 for all.
    pipeline (Path): The pipeline.
    contestants (Dict[str, Callable]): The contestants by name. The first is compared with.
    n_workers (int): The number of workers of each.
    turns (int): The number of turns, each in the reverse order of the one before.
    work (Path): Folder for converted corpora.
    RETURNS (Dict[str, Any]): What was found, for `add_finished`.
    """
    rows = rows_of(corpus, n, work)
    found: Dict[str, List[Dict[str, Any]]] = {name: [] for name in contestants}
    with TemporaryDirectory() as folder, found_by_workers():
        expected = expected_rows(pipeline, rows)
        for turn, name in timing.in_turn(contestants, turns):
            notes = Path(folder) / f"{turn} {name}"
            notes.mkdir()
            annotator = Watched(str(pipeline), notes=str(notes))
            timed = contestants[name](rows, annotator, n_workers)
            found[name].append(describe(timed, expected, notes))
            print(f"{corpus}, {name}: {found[name][-1]}", flush=True)
    return {
        **{"corpus": corpus, "n_texts": len(rows), "n_words": sum(_n_words(row) for row in rows)},
        **{"n_workers": n_workers, "turns": found, "machine": timing.machine()},
    }


def expected_rows(pipeline: Path, rows: List[Row]) -> List[Row]:
    """RETURNS (List[Dict[str, Any]]): The rows, annotated by `nlp.pipe` in this process."""
    import spacy

    from spacy_mtl.deploy.fields import FIELDS

    nlp = spacy.load(pipeline)
    found = []
    for batch in batches_of(rows):
        with nlp.memory_zone():
            docs = nlp.pipe([row["text"] for row in batch], batch_size=ROWS_A_BATCH)
            for row, doc in zip(batch, docs):
                fields = {name: FIELDS[name].read(doc) for name in DEFAULT}
                found.append({**row, **fields, "error": None})
    return found


def describe(timed: Timed, expected: List[Row], notes: Path) -> Dict[str, Any]:
    """Describe a run.

    timed (Timed): The run.
    expected (List[Dict[str, Any]]): What it must return.
    notes (Path): The notes of its workers.
    RETURNS (Dict[str, Any]): The seconds; the share of rows that are the same, and the largest
        difference of scores; and the memory of each worker. None if it makes no rows.
    """
    same, difference = compare_rows(timed.rows, expected) if timed.rows else (None, None)
    memory = [memory_of(path) for path in sorted(notes.glob("*.jsonl"))]
    return {
        **{"start": timed.start, "seconds": timed.seconds},
        **{"same": same, "difference": difference, "memory": memory},
    }


def memory_of(path: Path) -> Dict[str, float]:
    """Read the notes of a worker.

    path (Path): Its file.
    RETURNS (Dict[str, float]): MiB after the first quarter of its texts, at the end, and at the
        peak, and bytes per text.
    """
    notes = [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
    seen: List[Tuple[int, float]] = []
    n_texts = 0
    for note in notes:
        n_texts += note["n"]
        seen.append((n_texts, note["used"]))
    later = [each for each in seen if each[0] >= n_texts / 4]
    grown = growth(later)
    return {
        **{"begin": grown["begin"], "end": grown["end"], "peak": notes[-1]["peak"]},
        "bytes_a_text": grown["bytes_a_word"] if len(later) > 1 else 0.0,
    }


def compare_rows(rows: List[Row], expected: List[Row]) -> Tuple[float, float]:
    """Compare annotated rows.

    rows (List[Dict[str, Any]]): The rows. Maps may be lists of pairs.
    expected (List[Dict[str, Any]]): What they must be.
    RETURNS (Tuple[float, float]): The share of rows that are the same, scores up to `ROUNDING`,
        and the largest difference of scores.
    """
    if len(rows) != len(expected):
        return 0.0, 0.0
    differences = [_difference(row, own) for row, own in zip(rows, expected)]
    known = [each for each in differences if each <= ROUNDING]
    return len(known) / len(rows), max(known, default=0.0)


def _difference(row: Row, expected: Row) -> float:
    """RETURNS (float): The largest difference of scores. Infinite if anything else differs."""
    cats, other = dict(row["cats"] or {}), expected["cats"]
    plain = {key: value for key, value in row.items() if key != "cats"}
    if plain != {key: expected[key] for key in plain} or cats.keys() != other.keys():
        return float("inf")
    return max((abs(cats[label] - other[label]) for label in other), default=0.0)


def _n_words(row: Row) -> int:
    return len(row["text"].split())


def run(
    corpora: List[str],
    n_short: int,
    pipeline: Path,
    contestants: Dict[str, Contestant],
    n_workers: int,
    turns: int,
    work: Path,
) -> None:
    """Compare on each corpus, and add the results: see `compare`."""
    for corpus in corpora:
        n = n_short if corpus == "short" else 0
        row = compare(corpus, n, pipeline, contestants, n_workers, turns, work)
        add_finished(PATH, row)
        report_one(row)


def report() -> None:
    """Print the table of the last run on each corpus."""
    lines = PATH.read_text(encoding="utf8").splitlines() if PATH.exists() else []
    for row in {row["corpus"]: row for row in map(json.loads, lines)}.values():
        report_one(row)


def report_one(row: Dict[str, Any]) -> None:
    """Print the table of a run."""
    titles = ["", f"relative to {FIRST}", "words per second", "start (s)", "same rows"]
    titles += ["largest difference of scores", "peak of a worker (MiB)", "bytes per text"]
    n_texts, n_words, n_workers = row["n_texts"], row["n_words"], row["n_workers"]
    print(f"\n### {row['corpus']}, {n_texts:,} texts, {n_words:,} words, {n_workers} workers\n")
    print(f"| {' | '.join(titles)} |\n|{' --- |' * len(titles)}")
    base = row["turns"].get(FIRST)
    for name, turns in row["turns"].items():
        seconds = [turn["seconds"] for turn in turns]
        cells = [name, "–", f"{n_words / statistics.median(seconds):,.0f}"]
        if base is not None:
            ratios = [other["seconds"] / own for other, own in zip(base, seconds)]
            cells[1] = timing.spread(ratios)
        cells.append(f"{statistics.median(turn['start'] for turn in turns):.1f}")
        cells += _cells_of_rows(turns) + _cells_of_memory(turns)
        print(f"| {' | '.join(cells)} |")
    n_turns = len(next(iter(row["turns"].values())))
    print(f"\nMedians of {n_turns} turns (lowest to highest), after the start. {row['machine']}")


def _cells_of_rows(turns: List[Dict[str, Any]]) -> List[str]:
    if turns[0]["same"] is None:
        return ["–", "–"]
    same = min(turn["same"] for turn in turns)
    difference = max(turn["difference"] for turn in turns)
    # No other share may look like all.
    return ["all" if same == 1 else f"{100 * same:.3f} %", f"{difference:.0e}"]


def _cells_of_memory(turns: List[Dict[str, Any]]) -> List[str]:
    workers = [worker for turn in turns for worker in turn["memory"]]
    if not workers:
        return ["–", "–"]
    peak, slope = (max(worker[key] for worker in workers) for key in ("peak", "bytes_a_text"))
    return [f"{peak:,.0f}", f"{slope:,.0f}"]
