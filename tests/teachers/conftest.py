"""A trained teacher of each kind, for all tests. Don't write to it."""

from pathlib import Path
from typing import Callable, Dict

import pytest
from taught_pipelines import save_teacher


@pytest.fixture(scope="session")
def teacher_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a teacher by kind: one of `taught_pipelines.KINDS`."""
    made: Dict[str, Path] = {}

    def find(kind: str) -> Path:
        if kind not in made:
            made[kind] = save_teacher(kind, tmp_path_factory.mktemp("teacher") / "model")
        return made[kind]

    return find
