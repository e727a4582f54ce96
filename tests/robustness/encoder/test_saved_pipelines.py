"""Saved encoders in a pipeline: as a component, inside `mtl`, or inside a head."""

from pathlib import Path
from typing import Callable

import pytest
import spacy
from cases import Case, Gives, Refused, check, name_of
from saved_encoders import CODE, Change, change_shim, config, cut, file

from spacy_mtl.encoder.shim import SavedEncoderError

TEXT = "anna books a room"


@pytest.mark.parametrize(
    "where, folder", [("component", "transformer"), ("inside", "mtl"), ("head", "tagger")]
)
@pytest.mark.parametrize("change", [config(auto_map=CODE), file("/x/y"), cut])
def test_pipelines_reject_it(
    where: str, folder: str, change: Change, copy_of: Callable[..., Path], tmp_path: Path
) -> None:
    copy_of("bert", where, tmp_path)
    assert spacy.load(tmp_path)(TEXT)
    change_shim(tmp_path / folder / "model", change)
    with pytest.raises(ValueError, match="saved encoder") as caught:
        spacy.load(tmp_path)
    if where == "component":
        assert "'model' of the component 'transformer'" in str(caught.value)


@pytest.mark.parametrize("trust", [True, False])
def test_code_in_a_folder_is_not_run(
    trust: bool,
    encoder_dir: str,
    copy_of: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from random_encoders import edit, spoil

    copy_of("bert", "component", tmp_path)
    model = tmp_path / "transformer" / "model"
    model.unlink()
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    code = "import builtins\nbuiltins.test_saved_model_ran = True\n"
    spoil(encoder_dir, model, lambda path: (path / "evil.py").write_text(code))
    edit(model, "config.json", lambda found: found.update(auto_map=CODE, model_type="evil"))
    key = "components.transformer.model.tokenizer_config"
    with (
        pytest.warns(UserWarning, match="Automatically converting"),
        pytest.raises(SavedEncoderError, match="is a folder.*Copy the pipeline again"),
    ):
        spacy.load(tmp_path, config={key: {"use_fast": True, "trust_remote_code": trust}})
    import builtins

    assert not hasattr(builtins, "test_saved_model_ran")


def swap(path: Path, other: Path) -> None:
    (path / "transformer" / "model").write_bytes((other / "transformer" / "model").read_bytes())


def of_mtl(path: Path, other: Path) -> None:
    (path / "transformer" / "model").write_bytes((other / "mtl" / "model").read_bytes())


def shorten(n: int) -> Callable[[Path, Path], None]:
    def change(path: Path, other: Path) -> None:
        model = path / "transformer" / "model"
        model.write_bytes(model.read_bytes()[:n])

    return change


def text_instead(path: Path, other: Path) -> None:
    (path / "transformer" / "model").write_text("no model")


def folder_instead(path: Path, other: Path) -> None:
    (path / "transformer" / "model").unlink()
    (path / "transformer" / "model").mkdir()


FILES = [
    Case("unchanged", lambda path, other: None, Gives(True)),
    Case("empty", shorten(0), Refused("'model' of the component 'transformer'", "Copy")),
    Case("truncated", shorten(5000), Refused("'model' of the component 'transformer'", "Copy")),
    Case(
        "one byte too short", shorten(-1), Refused("'model' of the component 'transformer'", "Copy")
    ),
    Case("text", text_instead, Refused("'model' of the component 'transformer'", "damaged")),
    Case("from mtl", of_mtl, Refused("component 'transformer'", "from another component")),
    Case(
        "from a wider encoder",
        swap,
        Refused("'transformer' produces vectors of width 24", "'mtl'", "width of 16", "Copy both"),
    ),
    Case("a folder", folder_instead, Refused("is a folder", "Copy the pipeline again")),
]


@pytest.mark.filterwarnings("ignore:Automatically converting")
@pytest.mark.parametrize("case", FILES, ids=name_of)
def test_file_of_a_component(case: Case, copy_of: Callable[..., Path], tmp_path: Path) -> None:
    for name, kind in (("own", "bert"), ("other", "wide")):
        copy_of(kind, "component", tmp_path / name)

    def load(change: Callable[[Path, Path], None]) -> bool:
        change(tmp_path / "own", tmp_path / "other")
        return bool(spacy.load(tmp_path / "own")(TEXT))

    check(case, load)
