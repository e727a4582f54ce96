"""Pipelines that would run code or write elsewhere are dangers."""

import pickle
from pathlib import Path

import pytest
import srsly
from cases import Case, name_of
from found_in_pipelines import check_findings, found
from harmful_pickles import MakesFolder
from odd_files import as_folder
from saved_changes import (
    file_of,
    in_config,
    in_shim,
    in_tokenizer_config,
    kwargs_of,
    link,
    pickled_weights,
)

from spacy_mtl.deploy.findings import DANGER

CASES = [
    # These would run code or write elsewhere.
    Case(
        "code from the hub, in the config",
        in_config("use_fast = true", "use_fast = true\ntrust_remote_code = true"),
        found(DANGER, "tokenizer_config", "trust_remote_code"),
    ),
    Case(
        "code from the hub, in the saved tokenizer",
        kwargs_of(trust_remote_code=True),
        found(DANGER, "mtl/model", "trust_remote_code"),
    ),
    Case(
        "an unknown setting of the tokenizer",
        kwargs_of(subfolder="../elsewhere"),
        found(DANGER, "mtl/model", "subfolder"),
    ),
    Case(
        "a file with an absolute path",
        file_of("/tmp/spacy_mtl_written"),
        found(DANGER, "mtl/model", "/tmp/spacy_mtl_written"),
    ),
    Case(
        "a file in another folder",
        file_of("../../written"),
        found(DANGER, "mtl/model", "../../written"),
    ),
    Case("a module among the files", file_of("code.py"), found(DANGER, "mtl/model", "code.py")),
    Case(
        "the tokenizer's own classes",
        in_tokenizer_config(auto_map={"AutoTokenizer": ["code.Evil", None]}),
        found(DANGER, "mtl/model", "auto_map"),
    ),
    Case(
        "the pipeline's own network",
        in_shim(lambda message: message["config"].update(auto_map={"AutoModel": "code.Evil"})),
        found(DANGER, "mtl/model", "auto_map"),
    ),
    Case("pickled weights", in_shim(pickled_weights), found(DANGER, "mtl/model", "weights")),
    Case("a model that is a folder", as_folder("mtl/model"), found(DANGER, "mtl/model", "folder")),
    Case(
        "a module named by a separate file",
        lambda folder: srsly.write_json(folder / "mtl/config.json", {"auto_map": {"a": "b"}}),
        found(DANGER, "mtl/config.json", "auto_map"),
    ),
    Case("a link out of the pipeline", link, found(DANGER, "vocab/strings.json", "link")),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_saved_pipeline(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_findings(case, folder, monkeypatch)


def test_harmful_pickle_is_harmful() -> None:
    """With a harmless file, the test above would prove nothing."""
    assert b"mkdir" in pickle.dumps(MakesFolder())
