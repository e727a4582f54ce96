"""A valid config, and its corpora."""

from pathlib import Path
from typing import Any, Dict

import pytest
from changed_configs import (
    make_plain,
    write_corpora,
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpora")
    write_corpora(path)
    return path


@pytest.fixture(scope="session")
def plain(folder: Path) -> Dict[str, Any]:
    return make_plain(folder)
