"""What would run code or write elsewhere is a danger."""

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
    # What would run code, or write elsewhere.
    Case(
        "code of the hub, in the config",
        in_config("use_fast = true", "use_fast = true\ntrust_remote_code = true"),
        found(DANGER, "tokenizer_config", "trust_remote_code"),
    ),
    Case(
        "code of the hub, in the saved tokenizer",
        kwargs_of(trust_remote_code=True),
        found(DANGER, "mtl/model", "trust_remote_code"),
    ),
    Case(
        "a setting of the tokenizer that nobody knows",
        kwargs_of(subfolder="../elsewhere"),
        found(DANGER, "mtl/model", "subfolder"),
    ),
    Case(
        "a file with an absolute path",
        file_of("/tmp/spacy_mtl_written"),
        found(DANGER, "mtl/model", "/tmp/spacy_mtl_written"),
    ),
    Case(
        "a file of another folder",
        file_of("../../written"),
        found(DANGER, "mtl/model", "../../written"),
    ),
    Case("a module among the files", file_of("code.py"), found(DANGER, "mtl/model", "code.py")),
    Case(
        "classes of the tokenizer's own",
        in_tokenizer_config(auto_map={"AutoTokenizer": ["code.Evil", None]}),
        found(DANGER, "mtl/model", "auto_map"),
    ),
    Case(
        "a network of the pipeline's own",
        in_shim(lambda message: message["config"].update(auto_map={"AutoModel": "code.Evil"})),
        found(DANGER, "mtl/model", "auto_map"),
    ),
    Case("pickled weights", in_shim(pickled_weights), found(DANGER, "mtl/model", "weights")),
    Case("a model that is a folder", as_folder("mtl/model"), found(DANGER, "mtl/model", "folder")),
    Case(
        "a module named by a file beside",
        lambda folder: srsly.write_json(folder / "mtl/config.json", {"auto_map": {"a": "b"}}),
        found(DANGER, "mtl/config.json", "auto_map"),
    ),
    Case("a link out of the pipeline", link, found(DANGER, "vocab/strings.json", "link")),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_saved_pipeline(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_findings(case, folder, monkeypatch)


def test_harmful_pickle_is_one() -> None:
    """The test above would pass with a harmless file."""
    assert b"mkdir" in pickle.dumps(MakesFolder())
