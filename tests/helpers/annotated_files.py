"""Files of rows, and how they are annotated."""

import json
from pathlib import Path
from typing import Any, Dict, List

from spacy_mtl.deploy import Annotator
from spacy_mtl.deploy.apply import apply, make_job, open_output


def write_lines(path: Path, rows: List[Dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def read_lines(path: Path) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def make_rows(start: int, n: int) -> List[Dict[str, Any]]:
    return [{"id": i, "text": f"the text {i}"} for i in range(start, start + n)]


def run(annotator: Annotator, source: Path, output: Path, **settings: Any) -> Any:
    job = make_job(annotator, source, output, settings.pop("format", None))
    open_output(job, resume=settings.pop("resume", False))
    return apply(job, **settings)
