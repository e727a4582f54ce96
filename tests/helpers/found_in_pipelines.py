"""Expected findings of `spacy mtl check`."""

from pathlib import Path
from typing import Any, Callable, List

import pytest
from cases import Case, Gives, check

from spacy_mtl.deploy.check import check_pipeline


def found(kind: str, where: str, *says: str) -> Gives:
    """Expect a finding of a kind, at a place, with some words, and its exit status."""

    def is_right(findings: List[Any]) -> bool:
        return any(
            each.kind == kind
            and where in each.where
            and all(words.lower() in each.text.lower() for words in says)
            for each in findings
        )

    return Gives(is_right)


def check_findings(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check that a changed pipeline has a case's findings, and that none of its code ran."""
    monkeypatch.chdir(folder.parent)

    def run(change: Callable[[Path], Any]) -> Any:
        change(folder)
        return check_pipeline(str(folder)).findings

    check(case, run)
    assert not (folder.parent / "unpickled").exists()
    assert not Path("/tmp/spacy_mtl_written").exists()
