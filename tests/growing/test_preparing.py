"""A trained pipeline that is made ready for a new task keeps all it has."""

from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
import torch
from grown_pipelines import given, probabilities, trained, write_texts
from inside_pipelines import ADAPTERS, HARD, MIX, build, train
from spacy.language import Language
from thinc.api import SGD
from tiny_corpus import make_examples
from tiny_pipelines import CNN
from training_steps import step

from spacy_mtl.growing.changes import check_start
from spacy_mtl.growing.preparing import prepare
from spacy_mtl.growing.survey import read_corpora
from spacy_mtl.growing.ways import ADAPTER, FREEZE, REHEARSE, GrowingError, Way
from spacy_mtl.learn_rate import FOUND


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_texts(tmp_path)


def prepared(nlp: Language, config: Any = None, way: str = FREEZE, **settings: Any) -> Language:
    nlp.to_disk("old")
    found = given() if config is None else config
    return prepare(spacy.load("old"), found, Way(way, Path("old"), **settings), Path("cache"))


def test_vocabulary_and_tokenizer() -> None:
    nlp = trained()
    tokenizer: Any = nlp.tokenizer
    tokenizer.add_special_case("gimme", [{"ORTH": "gim"}, {"ORTH": "me"}])
    nlp.vocab.set_vector("Rome", numpy.asarray([1.0, 2.0], dtype="f"))
    nlp.config["initialize"]["vectors"] = "nowhere"
    nlp.meta["name"] = "mine"
    found = prepared(nlp)
    assert [token.text for token in found.make_doc("gimme")] == ["gim", "me"]
    assert found.vocab["Rome"].vector.tolist() == [1.0, 2.0]
    assert found.config["initialize"]["vectors"] == "nowhere"
    assert found.meta["name"] == "mine"


def test_hooks() -> None:
    """Those that the pipeline was made with aren't called again: they may need what is gone."""
    nlp = trained()
    gone = {"@callbacks": "spacy.copy_from_base_model.v1", "tokenizer": "gone", "vocab": "gone"}
    nlp.config["initialize"]["before_init"] = gone
    nlp.config["initialize"]["lookups"] = {"@misc": "spacy.LookupsDataLoader.v1", "lang": "xx"}
    found = prepared(nlp)
    assert found.config["initialize"]["before_init"] == gone
    config = given()
    config["initialize"] = {"before_init": gone}
    with pytest.raises(OSError, match="gone"):
        prepared(nlp, config)


def test_a_complete_config() -> None:
    """Its encoder and joint component are left out, whatever they are."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    model = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": {**CNN, "width": 8}}
    nlp.add_pipe("mtl", name="shared", config={"model": model})
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "shared"}
    head = {"@architectures": "spacy_mtl.TextClassifier.v1", "tok2vec": listener}
    nlp.add_pipe("mtl_textcat", name="genre", config={"prefix": "genre:", "model": head})
    complete = nlp.config.merge(given())
    complete["training"]["dropout"] = 0.3
    found = prepared(trained(), complete)
    assert found.pipe_names == ["mtl", "tagger", "ner", "textcat", "genre"]
    assert found.get_pipe_config("genre")["model"]["tok2vec"]["upstream"] == "mtl"
    assert found.get_pipe("mtl").model.get_dim("nO") == CNN["width"]
    assert found.config["training"]["dropout"] == 0.3


def test_defaults() -> None:
    """What the config leaves out is what `init-config` recommends, and fits what it says."""
    found = prepared(trained(), given(max_steps=50)).config.interpolate()["training"]
    assert found["max_steps"] == 50
    assert found["eval_frequency"] == 5
    assert found["optimizer"]["learn_rate"] == 0.002
    assert found["logger"]["@loggers"] == "spacy_mtl.ConsoleLogger.v1"
    assert found["frozen_components"] == ["mtl", "tagger", "ner", "textcat"]
    assert found["annotating_components"] == ["mtl"]
    weights = found["score_weights"]
    assert {key for key, weight in weights.items() if weight} == {"genre_cats_score"}


def test_an_adapter_beside_a_plain_encoder() -> None:
    found = prepared(trained(HARD, ["tagger"]), way=ADAPTER, rank=2, alpha=4.0)
    block = found.get_pipe_config("mtl")["model"]
    assert block["@architectures"] == ADAPTERS
    assert (block["rank"], block["alpha"], block["tasks"]) == (2, 4.0, ["genre"])
    mtl: Any = found.get_pipe("mtl")
    assert list(mtl.scheme.network.adapters) == ["genre"]
    assert found.config["training"]["frozen_components"] == ["tagger"]
    # The rate is that of an encoder, at which an adapter would learn nothing.
    assert mtl.cfg[FOUND] == 10.0


def test_adapters_of_all() -> None:
    """The new one is one more of them."""
    found = prepared(trained(ADAPTERS, ["tagger", "ner"]), way=ADAPTER)
    mtl: Any = found.get_pipe("mtl")
    assert list(mtl.scheme.network.adapters) == ["tagger", "ner", "genre"]
    check_start(spacy.load("old"), found, ["genre"])


def test_a_second_adapter() -> None:
    """Of a pipeline whose first tasks have none."""
    config = given()
    config["components"] = {"first": config["components"]["genre"]}
    first = prepared(trained(HARD, ["tagger"]), config, ADAPTER)
    # Both would set the same categories.
    first.get_pipe("first").cfg["labels"] = ["one", "two"]  # type: ignore[attr-defined]
    found = prepared(first, way=ADAPTER)
    mtl: Any = found.get_pipe("mtl")
    assert list(mtl.scheme.network.adapters) == ["first", "genre"]
    assert found.get_pipe_config("mtl")["model"]["tasks"] == ["first", "genre"]
    check_start(spacy.load("old"), found, ["genre"])


@pytest.mark.parametrize("title", [ADAPTERS, MIX])
def test_rehearsal_trains_an_encoder_that_was_frozen(title: str) -> None:
    nlp = build(title, ["tagger"], freeze_encoder=True)
    found = prepared(nlp, way=REHEARSE)
    assert found.get_pipe_config("mtl")["model"]["freeze_encoder"] is False
    encoder: Any = found.get_pipe("mtl").model.get_ref("tok2vec").shims[0]  # type: ignore
    before = {name: p.detach().clone() for name, p in encoder._model.named_parameters()}
    step(found, make_examples(found), SGD(0.1))
    after = dict(encoder._model.named_parameters())
    assert any(not torch.equal(value, after[name]) for name, value in before.items())


@pytest.mark.parametrize("name", ["Uncertainty", "GradNorm", "DBMTL", "Balanced", "DWA"])
@pytest.mark.parametrize("way", [REHEARSE, ADAPTER])
def test_learned_weights_begin_anew(name: str, way: str) -> None:
    """Those of the old tasks belong to a training without the new one."""
    settings = {"learn_rate": 0.1} if name in ("Uncertainty", "GradNorm") else {}
    # The moving average is for gradients at the parameters.
    settings = {"beta": 0.0} if name == "DBMTL" else settings
    weighting = {"@mtl_weightings": f"spacy_mtl.{name}.v1", **settings}
    fresh = build(HARD, ["tagger", "ner"], weighting=weighting)
    nlp = build(HARD, ["tagger", "ner"], weighting=weighting)
    train(nlp)
    found = prepared(nlp, way=way)
    states = [each.get_pipe("mtl").weighting.get_state() for each in (fresh, found)]  # type: ignore
    assert states[0] == states[1]
    frozen = found.config["training"]["frozen_components"]
    examples = list(read_corpora(found).train(found))
    before = probabilities(found, "genre")
    for _ in range(3):
        losses = found.update(examples, sgd=SGD(0.1), exclude=frozen)
    assert set(losses) == {"mtl", "genre", *({"tagger", "ner"} - set(frozen))}
    assert all(numpy.isfinite(loss) for loss in losses.values())
    assert not numpy.array_equal(before, probabilities(found, "genre"))


def test_a_scheme_whose_views_depend_on_all_tasks() -> None:
    """It is noticed before the training."""
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_mtl.PLE.v1", "tok2vec": CNN}
    nlp.add_pipe("mtl", config={"model": model})
    for name in ("tagger", "textcat"):
        nlp.add_pipe(f"mtl_{name}", name=name)
    nlp.initialize(lambda: make_examples(nlp))
    found = prepared(nlp)
    with pytest.raises(GrowingError, match=r"Adding 'genre' alone changes what .*'textcat'"):
        check_start(spacy.load("old"), found, ["genre"])
