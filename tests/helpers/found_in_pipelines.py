"""What `spacy mtl check` is expected to find in a pipeline."""

from pathlib import Path
from typing import Any, Callable, List

import pytest
from cases import Case, Gives, check

from spacy_mtl.deploy.check import check_pipeline


def found(kind: str, where: str, *says: str) -> Gives:
    """A finding of a kind, at a place, with some words; the exit status goes by it."""

    def is_right(findings: List[Any]) -> bool:
        return any(
            each.kind == kind
            and where in each.where
            and all(words.lower() in each.text.lower() for words in says)
            for each in findings
        )

    return Gives(is_right)


def check_findings(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail unless a changed pipeline has the findings of a case, and nothing of it has run."""
    monkeypatch.chdir(folder.parent)

    def run(change: Callable[[Path], Any]) -> Any:
        change(folder)
        return check_pipeline(str(folder)).findings

    check(case, run)
    assert not (folder.parent / "unpickled").exists()
    assert not Path("/tmp/spacy_mtl_written").exists()
