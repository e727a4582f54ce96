"""Heads, towers and encoders of a trained pipeline in a new one, by spaCy's `source` alone."""

from pathlib import Path
from typing import Any, Dict, List

import numpy
import pytest
import spacy
from predicted_values import predictions
from scheme_pipelines import ONE_EACH, network_of, trained
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from thinc.api import Config, fix_random_seed
from tiny_corpus import make_docs
from tiny_pipelines import CNN, HEADS
from training_steps import parameters, train_steps

from spacy_mtl.parameters import slots_of_model

#: Nobody reads the tags here.
pytestmark = pytest.mark.filterwarnings("ignore:The heads .* both set")


@pytest.fixture(scope="module", params=ONE_EACH, ids=lambda row: row.id)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained pipeline of each scheme, and a corpus beside it. Don't write to it."""
    path = tmp_path_factory.mktemp("source")
    trained(request.param, 2).to_disk(path / "trained")
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(path / "tiny.spacy")
    return path / "trained"


def initialized(source: Path, **components: Any) -> Language:
    """What `spacy train` makes of a config. None: the component is sourced."""
    blocks = {name: block or {"source": str(source)} for name, block in components.items()}
    nlp = spacy.blank("en")
    config = nlp.config.merge(
        Config({"nlp": {"pipeline": list(blocks)}, "components": blocks, "corpora": {}})
    )
    for split in ("train", "dev"):
        config["corpora"][split] = {
            "@readers": "spacy.Corpus.v1",
            "path": str(source.parent / "tiny.spacy"),
        }
    fix_random_seed(1)
    return init_nlp(config)


def values(nlp: Language) -> Dict[str, numpy.ndarray]:
    return {k: v.numpy().copy() for k, v in network_of(nlp).state_dict().items()}


def new(head: str) -> Dict[str, Any]:
    return {"factory": HEADS[head]}


def encoder_of(nlp: Language) -> List[bytes]:
    mtl: Any = nlp.get_pipe("mtl")
    trunk = mtl.model.get_ref("tok2vec")
    return [numpy.asarray(slot.value).tobytes() for slot in slots_of_model(trunk)]


def test_encoder_and_scheme(source: Path, tmp_path: Path) -> None:
    """New heads find the towers of those that were called so, and the encoder as it was."""
    old = spacy.load(source)
    nlp = initialized(source, mtl=None, tagger=new("tagger"), ner=new("ner"))
    assert encoder_of(nlp) == encoder_of(old)
    own, before = values(nlp), values(old)
    assert set(own) == set(before)
    assert all(numpy.array_equal(own[key], value) for key, value in before.items())
    for task in ("tagger", "ner"):
        views = [view(pipeline, task) for pipeline in (nlp, old)]
        assert numpy.array_equal(*views)
    assert parameters(nlp, "ner") != parameters(old, "ner")
    check_training(nlp, tmp_path)


def test_head_with_its_tower_and_encoder(source: Path, tmp_path: Path) -> None:
    """It predicts what it did, until a new head has taught them something else."""
    old = spacy.load(source)
    nlp = initialized(source, mtl=None, ner=None, second=new("tagger"))
    assert parameters(nlp, "ner") == parameters(old, "ner")
    assert encoder_of(nlp) == encoder_of(old)
    if "PLE" not in network_of(old).title:
        # There, a task sees more experts once there are more tasks.
        assert numpy.array_equal(view(nlp, "ner"), view(old, "ner"))
        assert entities(nlp) == entities(old)
    check_training(nlp, tmp_path)


def test_head_with_a_copy_of_its_encoder(source: Path, tmp_path: Path) -> None:
    """Beside another joint component, which doesn't change what it predicts."""
    old = spacy.load(source)
    copied = {"source": str(source), "replace_listeners": ["model.tok2vec"]}
    hard = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": CNN}
    shared = {"factory": "mtl", "model": hard}
    nlp = initialized(source, ner=copied, mtl=shared, tagger=new("tagger"))
    assert entities(nlp) == entities(old)
    check_training(nlp, tmp_path)


def view(nlp: Language, task: str) -> numpy.ndarray:
    mtl: Any = nlp.get_pipe("mtl")
    found: numpy.ndarray = mtl.read_views(task, [mtl(nlp.make_doc("Anna books a room"))])[0]
    return found


def entities(nlp: Language) -> List[Any]:
    return [ents for _, ents, _ in predictions(nlp)]


def check_training(nlp: Language, path: Path) -> None:
    """All components learn, and are the same once they are loaded again."""
    before = {name: parameters(nlp, name) for name in nlp.pipe_names}
    train_steps(nlp, 2)
    assert all(parameters(nlp, name) != value for name, value in before.items())
    nlp.to_disk(path)
    assert predictions(spacy.load(path)) == predictions(nlp)
