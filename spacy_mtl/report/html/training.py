"""The report of a training: one page that opens offline."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from spacy.tokens import Doc
from thinc.api import Config

from ..numbers import compact
from ..training_log import LogRow, read_log
from .chart import check_matplotlib
from .comparison import Comparison, read_comparison
from .documents import show_document
from .heat import structure_table
from .page import render
from .training_charts import training_charts

#: The pipelines that spaCy's training saves.
PIPELINES = ("model-best", "model-last")


@dataclass(frozen=True)
class Training:
    """What the folder of a training has.

    name (str): The folder's name.
    rows (List[LogRow]): The log.
    config (str): The config of the saved pipeline; empty if there is none.
    comparison (Optional[Comparison]): The result of `spacy mtl compare`, if there is one.
    documents (Sequence[Doc]): Sample documents, annotated by the pipeline.
    """

    name: str
    rows: List[LogRow]
    config: str = ""
    comparison: Optional[Comparison] = None
    documents: Sequence[Doc] = field(default_factory=list)


def read_training(folder: Path, documents: Sequence[Doc] = ()) -> Training:
    """Read the folder of a training.

    folder (Path): What `spacy train --output` or `spacy mtl train --output` has written, with a
        log of `spacy_mtl.ConsoleLogger.v1`.
    documents (Sequence[Doc]): Sample documents.
    RETURNS (Training): What is there.
    RAISES (LogError): If there is no log.
    RAISES (ComparisonError): If there is a comparison that can't be read.
    """
    rows = read_log(folder)
    configs = [folder / name / "config.cfg" for name in PIPELINES]
    found = next((path for path in configs if path.is_file()), None)
    config = "" if found is None else found.read_text(encoding="utf8", errors="replace")
    return Training(folder.resolve().name, rows, config, read_comparison(folder), documents)


def training_page(training: Training) -> str:
    """Make the report of a training.

    training (Training): The training.
    RETURNS (str): The HTML, without scripts, nor anything from elsewhere. The same training gives
        the same text.
    RAISES (PlotsError): If matplotlib is not installed.
    """
    check_matplotlib()
    rows = training.rows
    scored = [row for row in rows if row.score is not None]
    best = max(scored, key=lambda row: row.score or 0.0, default=None)
    sharing = next((row.sharing for row in reversed(rows) if row.sharing), [])
    return render(
        "training.html",
        title=f"Training: {training.name}",
        training=training,
        last=rows[-1] if rows else None,
        best=best,
        score_header=["step", *_score_keys(rows)],
        score_rows=_score_rows(rows),
        task_header=["step", "task", "steps", "loss", "weight", "gradient"],
        task_rows=_task_rows(rows),
        charts=training_charts(rows, _score_weights(training.config)),
        sharing=[structure_table(table) for table in sharing],
        documents=[show_document(doc, i) for i, doc in enumerate(training.documents)],
    )


def _score_keys(rows: Sequence[LogRow]) -> List[str]:
    return list(dict.fromkeys(key for row in rows for key in row.scores))


def _score_rows(rows: Sequence[LogRow]) -> List[List[str]]:
    def shown(key: str, score: Optional[float]) -> str:
        if score is None:
            return "-"
        return f"{score:,.0f}" if key == "speed" else f"{100 * score:.2f}"

    keys = _score_keys(rows)
    return [[f"{row.step:,}", *(shown(key, row.scores.get(key)) for key in keys)] for row in rows]


def _task_rows(rows: Sequence[LogRow]) -> List[List[str]]:
    return [
        [
            f"{row.step:,}",
            task,
            f"{means.n_steps:,}",
            *map(compact, (means.loss, means.weight, means.norm)),
        ]
        for row in rows
        for task, means in row.tasks.items()
    ]


def _score_weights(config: str) -> Dict[str, Optional[float]]:
    try:
        found: Dict[str, Optional[float]] = Config().from_str(config, interpolate=False)[
            "training"
        ]["score_weights"]
    # A config that can't be parsed is shown all the same.
    except Exception:
        return {}
    return found
