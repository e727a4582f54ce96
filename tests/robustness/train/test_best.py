"""The best pipelines after a kill, and after damage."""

import io
from pathlib import Path
from typing import Any

import pytest
import spacy
from resumed import resume
from short_training import assert_same

from spacy_mtl.files import (
    MARK,
)
from spacy_mtl.report.best import create_best_by_task


def test_best_pipeline_after_a_kill_between_renames(output: Path) -> None:
    before = spacy.load(output / "model-best")
    for name in ("model-best", "model-best-ner"):
        (output / name / MARK).touch()
        (output / name).rename(output / f"{name}.new")
    resume(output)
    assert_same(before, spacy.load(output / "model-best"))
    assert (output / "model-best-ner").is_dir()
    assert not list(output.glob("*.new"))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"performance": 3}'])
def test_best_of_a_task_that_is_damaged(output: Path, text: str) -> None:
    """Its score is needed for comparison: without it, the best might be overwritten."""
    (output / "model-best-ner" / "meta.json").write_text(text)
    log_step, _ = create_best_by_task()(spacy.load(output / "model-best"), io.StringIO())
    info: Any = {"output_path": str(output / "model-last"), "step": 3, "other_scores": {}}
    with pytest.raises(ValueError, match="model-best-ner/meta.json cannot be read.*Remove the dam"):
        log_step(info)
