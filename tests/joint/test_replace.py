"""Heads that are given an encoder of their own."""

import copy
import pickle
import warnings
from pathlib import Path
from typing import Any, Callable, List

import numpy
import pytest
import spacy
import torch
from encoder_gradients import encoder_values
from encoders_by_place import PLACES, build_at
from predicted_values import predictions
from spacy.language import Language
from spacy.training import Example
from thinc.api import Linear, PyTorchWrapper, chain
from tiny_corpus import make_examples
from tiny_pipelines import CNN, HEADS
from training_steps import parameters, train_steps

from spacy_mtl.joint.pipeline import Pipeline
from spacy_mtl.joint.replace import copy_with_new_ids, offer_replacement
from spacy_mtl.parameters import slots_of_model


def test_replace_listeners(make_nlp: Callable, encoder: Any, tmp_path: Path) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp)
    expected = predictions(nlp)
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    assert nlp.get_pipe("mtl").tasks == ["tagger", "textcat"]
    assert predictions(nlp) == expected
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert predictions(loaded) == expected
    before = parameters(loaded, "ner")
    shared_before = encoder_values(loaded)
    train_steps(loaded, 2)
    assert parameters(loaded, "ner") != before
    assert not numpy.array_equal(encoder_values(loaded), shared_before)


def test_replaced_encoder_is_a_model_of_its_own(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    ids = [node.id for _, pipe in nlp.pipeline for node in pipe.model.walk()]
    shims = [s.id for _, pipe in nlp.pipeline for node in pipe.model.walk() for s in node.shims]
    assert len(ids) == len(set(ids))
    assert len(shims) == len(set(shims))


def test_source_a_replaced_head(make_nlp: Callable, encoder: Any) -> None:
    source = make_nlp(encoder=encoder)
    train_steps(source)
    expected = [p[1] for p in predictions(source)]
    source.replace_listeners("mtl", "ner", ["model.tok2vec"])
    nlp = spacy.blank("en")
    nlp.add_pipe("ner", source=source)
    assert [p[1] for p in predictions(nlp)] == expected


def examples_of(nlp: Language, texts: List[str]) -> List[Example]:
    docs = map(nlp.make_doc, texts)
    return [
        Example.from_dict(
            doc, {"tags": ["NN"] * len(doc), "entities": ["O"] * len(doc), "cats": {"a": 1, "b": 0}}
        )
        for doc in docs
    ]


@pytest.mark.parametrize("texts", [[""], ["", ""], ["", "anna"], ["anna", ""], [" "], []])
@pytest.mark.parametrize("where", PLACES)
def test_heads_on_their_own(where: str, texts: List[str], encoder_dir: str, tmp_path: Path) -> None:
    nlp = build_at(encoder_dir, where)
    nlp.initialize(lambda: make_examples(nlp))
    expected = [(d.tensor.tolist(), dict(d.cats)) for d in nlp.pipe(["anna books"])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for head in HEADS:
            nlp.replace_listeners("mtl", head, ["model.tok2vec"])
    nlp.to_disk(tmp_path)
    for each in (nlp, spacy.load(tmp_path)):
        docs = list(each.pipe(["anna books"]))
        found = [(d.tensor.tolist(), dict(d.cats)) for d in docs]
        assert numpy.allclose(found[0][0], expected[0][0], atol=1e-5)
        assert found[0][1] == pytest.approx(expected[0][1], abs=1e-5)
        assert [doc.text for doc in each.pipe(texts)] == texts
        if texts:
            each.update(examples_of(each, texts))


def test_encoder_that_cannot_be_found(make_nlp: Callable) -> None:
    """spaCy calls the function without the pipeline, and `mtl` does not know it either."""
    nlp = make_nlp(["ner"])
    mtl = nlp.get_pipe("mtl")
    unknown = Pipeline(mtl, mtl.model, mtl.listener_map)
    offer_replacement(unknown)
    replace = mtl.model.attrs["replace_listener"]
    with pytest.raises(ValueError, match="the component that 'mtl' listens to was not found"):
        replace(mtl.model, mtl.listener_map["ner"][0], mtl)


def test_block_of_the_encoder(make_nlp: Callable) -> None:
    """Inside `mtl` it stands in its own block; before, in that of a third component."""
    configs = []
    for nlp in (make_nlp(["ner"], encoder=None), make_nlp(["ner"])):
        mtl = nlp.get_pipe("mtl")
        block = nlp.get_pipe_config("mtl")["model"]
        configs.append(mtl.model.attrs["replace_listener_cfg"](block, {}))
    assert configs[0] == CNN
    assert configs[1]["@architectures"] == "spacy_mtl.Tok2VecTransformer.v1"
    assert configs[1]["name"] == nlp.get_pipe_config("transformer")["model"]["name"]


def test_copy_with_new_ids() -> None:
    shared = Linear(2, 2)
    model: Any = chain(shared, PyTorchWrapper(torch.nn.Linear(2, 2)), shared)
    model.set_ref("first", shared)
    model.initialize()
    copied = copy_with_new_ids(model)
    slots = [list(slots_of_model(each)) for each in (model, copied)]
    assert [slot.address for slot in slots[0]] == [slot.address for slot in slots[1]]
    assert not {slot.key for slot in slots[0]}.intersection(slot.key for slot in slots[1])
    for original, other in zip(*slots):
        assert numpy.array_equal(original.value, other.value)
        assert not numpy.shares_memory(original.value, other.value)
    # What was one layer is one layer.
    assert copied.get_ref("first") is copied.layers[0] is copied.layers[2]


def test_the_pipeline_is_no_part_of_what_is_saved(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    for name in ("replace_listener", "replace_listener_cfg"):
        offered = nlp.get_pipe("mtl").model.attrs[name]
        assert offered.pipeline() is nlp.get_pipe("mtl")._pipeline
        assert pickle.loads(pickle.dumps(offered)).pipeline() is None
        assert copy.deepcopy(offered) is offered
