"""`PartialSharing`: who has which layers, also in a trained pipeline."""

from typing import Any, Dict

import numpy
import pytest
import spacy
import torch
from scheme_pipelines import build, network_of, sharing_of, trained
from schemes import Row
from spacy.language import Language
from tiny_corpus import make_examples

from spacy_mtl.joint.size import size_of
from spacy_mtl.sharing.contract import private_slots, shared_slots

ALONE = Row("PartialSharing", {"n_private": 1}, is_inside=True)
GROUPED = Row("PartialSharing", {"n_private": 1, "groups": {"ner": ["tagger", "ner"]}}, True, True)


def encoder_of(nlp: Language) -> Any:
    return nlp.get_pipe("mtl").model.get_ref("tok2vec").shims[0]._model  # type: ignore


def values_of(module: Any) -> Dict[str, numpy.ndarray]:
    return {name: value.detach().numpy().copy() for name, value in module.named_parameters()}


def are_equal(one: Dict[str, numpy.ndarray], two: Dict[str, numpy.ndarray]) -> bool:
    return all(numpy.array_equal(value, two[name]) for name, value in one.items())


def test_copies_start_from_the_encoder_which_keeps_its_own() -> None:
    pretrained = values_of(encoder_of(build(ALONE)).encoder.layer[1])
    nlp = build(ALONE)
    for task in ("tagger", "ner", "textcat"):
        assert are_equal(pretrained, values_of(network_of(nlp).of_tasks[task].layers[0]))
    nlp = trained(ALONE, 2)
    assert are_equal(pretrained, values_of(encoder_of(nlp).encoder.layer[1]))
    assert not are_equal(pretrained, values_of(network_of(nlp).of_tasks["ner"].layers[0]))


def test_a_new_head_starts_from_the_pretrained_layers(tmp_path: Any) -> None:
    """Also in a pipeline that was loaded."""
    trained(ALONE, 2).to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    head: Any = nlp.add_pipe("mtl_tagger", name="second")
    with pytest.warns(UserWarning, match="both set 'token.tag'"):
        head.initialize(lambda: make_examples(nlp), nlp=nlp)
    own = values_of(network_of(nlp).of_tasks["second"].layers[0])
    assert are_equal(values_of(encoder_of(nlp).encoder.layer[1]), own)
    doc = nlp("old books")
    assert all(token.tag_ for token in doc)


def test_who_shares() -> None:
    """A group may be called like a task."""
    nlp = build(GROUPED)
    n_layer = sum(value.size for value in values_of(encoder_of(nlp).encoder.layer[1]).values())
    sharing = sharing_of(nlp)
    assert sum(slot.size for slot in shared_slots(sharing)) == n_layer
    private = private_slots(sharing)
    assert {task: sum(s.size for s in slots) for task, slots in private.items()} == {
        "textcat": n_layer
    }
    mtl: Any = nlp.get_pipe("mtl")
    assert size_of(mtl).total == 2 * n_layer
    # What is left of a group is private.
    nlp.remove_pipe("tagger")
    network = build(GROUPED, ["ner", "textcat"], initialize=False)
    with pytest.raises(ValueError, match="names 'tagger' in 'ner', but the tasks .* ner, textcat"):
        network.initialize(lambda: make_examples(network))


def test_how_far_private_layers_have_moved() -> None:
    nlp = build(GROUPED)
    mtl: Any = nlp.get_pipe("mtl")
    (table,) = mtl.structure()
    assert table.rows == ["tagger, ner", "textcat"]
    assert table.columns == ["layer 2"]
    assert table.values == [[0.0], [0.0]]
    layer = network_of(nlp).of_tasks["textcat"].layers[0]
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(1.5)
    (table,) = mtl.structure()
    assert table.values == [[0.0], [pytest.approx(0.5)]]


def test_layers_learn_at_the_rate_of_the_encoder() -> None:
    nlp = build(ALONE, initialize=False)
    nlp.config["training"]["optimizer"] = {"@optimizers": "Adam.v1", "learn_rate": 1e-5}
    nlp.initialize(lambda: make_examples(nlp))
    assert nlp.get_pipe("mtl").learn_rate_scale == 1.0  # type: ignore[attr-defined]
    assert nlp.get_pipe("ner").learn_rate_scale > 1.0  # type: ignore[attr-defined]
