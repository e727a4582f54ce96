"""spaCy's own commands on a joint pipeline."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
from spacy.cli._util import app
from spacy.cli.debug_config import debug_config
from spacy.cli.evaluate import evaluate
from spacy.cli.train import train
from spacy.tokens import DocBin
from spacy.util import load_config
from tiny_corpus import make_docs
from tiny_pipelines import CNN
from typer.testing import CliRunner

ROOT = Path(__file__).parent.parent
JOINT = ROOT / "configs/joint.cfg"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.spacy"
    DocBin(docs=make_docs(spacy.blank("en")) * 3, store_user_data=True).to_disk(path)
    return path


@pytest.fixture
def overrides(encoder_dir: str, corpus: Path) -> Dict[str, Any]:
    return {
        "paths.train": str(corpus),
        "paths.dev": str(corpus),
        "components.transformer.model.name": encoder_dir,
        "training.max_steps": 6,
        "training.eval_frequency": 3,
        "training.batcher.size": 20,
    }


def as_options(overrides: Dict[str, Any]) -> List[str]:
    return [part for key, value in overrides.items() for part in (f"--{key}", str(value))]


@pytest.mark.slow
def test_train_evaluate_assemble_commands(
    overrides: Dict[str, Any], corpus: Path, tmp_path: Path
) -> None:
    """Run them like a user, with the stock console logger."""
    output = tmp_path / "output"
    command = [sys.executable, "-m", "spacy"]
    trained = subprocess.run(
        [*command, "train", str(JOINT), "--output", str(output), *as_options(overrides)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert trained.returncode == 0, trained.stderr
    groups = ("MTL", "- TAGGER -", "- NER -", "- TEXTCAT -")
    for column in (*groups, "LOSS", "WEIGHT", "NORM", "ENTS_F", "TAG_ACC", "SCORE"):
        assert column in trained.stdout
    scored = subprocess.run(
        [*command, "evaluate", str(output / "model-last"), str(corpus)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert scored.returncode == 0, scored.stderr
    for row in ("TAG", "NER F", "TEXTCAT"):
        assert row in scored.stdout


def sourcing_config(model: Path, path: Path, **blocks: Dict[str, Any]) -> Path:
    """Write a config with components sourced from a trained pipeline."""
    config = load_config(model / "config.cfg")
    for name in config["nlp"]["pipeline"]:
        config["components"][name] = blocks.get(name, {"source": str(model)})
    config.to_disk(path)
    return path


def test_assemble(overrides: Dict[str, Any], corpus: Path, tmp_path: Path) -> None:
    model = tmp_path / "output/model-last"
    train(JOINT, model.parent, overrides=overrides)
    config = sourcing_config(model, tmp_path / "assemble.cfg")
    done = CliRunner().invoke(app, ["assemble", str(config), str(tmp_path / "assembled")])
    assert done.exit_code == 0, done.output
    expected, found = (
        evaluate(path, corpus, silent=True) for path in (model, tmp_path / "assembled")
    )
    assert {**found, "speed": 0} == {**expected, "speed": 0}


def test_train_with_sourced_components(
    overrides: Dict[str, Any], corpus: Path, tmp_path: Path
) -> None:
    """A new head with sourced components, some of them frozen."""
    model = tmp_path / "output/model-last"
    train(JOINT, model.parent, overrides=overrides)
    new_head = {"factory": "mtl_textcat_multilabel"}
    config = sourcing_config(model, tmp_path / "more.cfg", textcat=new_head)
    changes = {"training.frozen_components": ["ner"], "training.max_steps": 3}
    train(config, tmp_path / "more", overrides=changes)
    before, after = spacy.load(model), spacy.load(tmp_path / "more/model-last")
    assert after.get_pipe("ner").model.to_bytes() == before.get_pipe("ner").model.to_bytes()
    for name in ("transformer", "tagger"):
        assert after.get_pipe(name).model.to_bytes() != before.get_pipe(name).model.to_bytes()


@pytest.mark.parametrize(
    "changes",
    [
        {"training.accumulate_gradient": 3},
        {"training.optimizer.use_averages": True},
        {"training.annotating_components": ["transformer", "mtl", "ner"]},
        {"training.max_epochs": 2, "training.max_steps": 0},
        {"nlp.pipeline": ["transformer", "mtl", "textcat", "tagger"]},
    ],
    ids=lambda changes: ",".join(changes),
)
def test_train_settings(
    overrides: Dict[str, Any], changes: Dict[str, Any], corpus: Path, tmp_path: Path
) -> None:
    if "nlp.pipeline" not in changes:
        changes = {"nlp.pipeline": ["transformer", "mtl", "ner", "textcat"], **changes}
    train(JOINT, tmp_path / "output", overrides={**overrides, **changes})
    scores = evaluate(tmp_path / "output/model-last", corpus, silent=True)
    assert scores["cats_score"] is not None


def test_train_without_transformer(corpus: Path, tmp_path: Path, overrides: Dict[str, Any]) -> None:
    changes = {
        "nlp.pipeline": ["mtl", "tagger", "ner", "textcat"],
        "components.mtl.model.tok2vec": CNN,
    }
    train(JOINT, tmp_path / "output", overrides={**overrides, **changes})
    nlp = spacy.load(tmp_path / "output/model-last")
    assert "transformer" not in nlp.pipe_names


def test_debug_config(overrides: Dict[str, Any], capsys: pytest.CaptureFixture) -> None:
    """It finds nothing wrong, and shows our functions and their modules."""
    debug_config(JOINT, overrides=overrides, show_funcs=True, show_vars=True)
    found = capsys.readouterr().out
    assert "Config is valid" in found
    for name in ("HardSharing.v1", "TaskListener.v1", "Balanced.v1"):
        assert f"spacy_mtl.{name}" in found
    assert "Variables" in found


def test_fill_config(tmp_path: Path) -> None:
    """A minimal config is filled with the factories' defaults."""
    from spacy.cli.init_config import fill_config

    base = tmp_path / "base.cfg"
    base.write_text(
        """
[nlp]
lang = "en"
pipeline = ["transformer","mtl","ner"]

[components]

[components.transformer]
factory = "transformer"

[components.mtl]
factory = "mtl"

[components.ner]
factory = "mtl_ner"
"""
    )
    _, filled = fill_config(tmp_path / "filled.cfg", base, silent=True)
    mtl = filled["components"]["mtl"]
    assert mtl["weighting"]["@mtl_weightings"] == "spacy_mtl.Balanced.v1"
    ner = filled["components"]["ner"]["model"]["tok2vec"]
    assert ner == {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl", "width": None}


def test_unknown_setting_fails(
    overrides: Dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit):
        train(JOINT, tmp_path, overrides={**overrides, "components.ner.learn_rate_scal": 2.0})
    assert "learn_rate_scal" in "".join(capsys.readouterr())
