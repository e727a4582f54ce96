"""Schemes inside the encoder equal what they are special cases of."""

from pathlib import Path
from typing import Any, Dict, List

import numpy
import pytest
import spacy
import torch
from inside_pipelines import (
    ADAPTERS,
    HARD,
    MIX,
    PARTIAL,
    TASKS,
    TEXTS,
    assert_near,
    build,
    train,
    views,
)
from methods import NAMES, ONLY_AT_PARAMETERS, block
from scheme_pipelines import network_of
from spacy.training import Example
from thinc.api import fix_random_seed
from tiny_pipelines import CNN

from spacy_mtl.parameters import slots_of_model, unique


@pytest.mark.parametrize("gradients", ["representation", "parameters"])
@pytest.mark.parametrize("kept_pieces", [None, 0])
def test_without_private_layers_it_is_hard_sharing(gradients: str, kept_pieces: Any) -> None:
    encoder = {"batch_pieces": 10, "kept_pieces": kept_pieces}
    hard = build(HARD, encoder=encoder, gradients=gradients)
    nlp = build(PARTIAL, encoder=encoder, gradients=gradients, n_private=0)
    for pipeline in (hard, nlp):
        train(pipeline)
    for task in TASKS:
        assert_near(nlp, hard, task)


@pytest.mark.parametrize("gradients", ["representation", "parameters"])
def test_all_weight_on_the_last_layer_is_hard_sharing(gradients: str) -> None:
    hard = build(HARD, gradients=gradients)
    nlp = of_last_layer(gradients=gradients)
    for pipeline in (hard, nlp):
        train(pipeline)
    for task in TASKS:
        assert_near(nlp, hard, task)


def of_last_layer(**settings: Any) -> Any:
    """A pipeline with a mix that only has the last layer, and isn't trained."""
    nlp = build(MIX, layer_dropout=0.0, **settings)
    for parameter in network_of(nlp).parameters():
        parameter.requires_grad_(False)
    for task in TASKS:
        network_of(nlp).mixes[task].scores[-1] = 100.0
    return nlp


@pytest.mark.parametrize("weighting", NAMES)
@pytest.mark.filterwarnings("ignore")
def test_every_weighting_weighs_as_with_hard_sharing(weighting: str) -> None:
    """At the parameters, which are the same ones."""
    settings: Any = {"weighting": block(weighting), "gradients": "parameters"}
    hard, split = build(HARD, **settings), build(PARTIAL, n_private=0, **settings)
    mixed = of_last_layer(**settings)
    for pipeline in (hard, split, mixed):
        fix_random_seed(0)
        train(pipeline, 2)
    for task in TASKS:
        assert_near(split, hard, task)
        assert_near(mixed, hard, task)


@pytest.mark.parametrize("n_lower", [0, 1])
def test_separately_trained_encoders(n_lower: int) -> None:
    """With all layers private and frozen embeddings. With a shared layer they differ."""
    nlp = build(PARTIAL, n_private=2 - n_lower, freeze_embeddings=True)
    train(nlp)
    for task in TASKS:
        alone = build(HARD, [task])
        # Frozen as they are in the other pipeline.
        encoder: Any = alone.get_pipe("mtl").model.get_ref("tok2vec").shims[0]  # type: ignore
        encoder._model.embeddings.requires_grad_(False)
        train(alone)
        if n_lower:
            with pytest.raises(AssertionError, match="Not equal to tolerance"):
                assert_near(nlp, alone, task)
        else:
            assert_near(nlp, alone, task)


def test_a_group_is_hard_sharing_between_its_tasks() -> None:
    groups = {"words": ["tagger", "ner"]}
    nlp = build(PARTIAL, n_private=2, groups=groups, freeze_embeddings=True)
    train(nlp)
    pair = build(HARD, ["tagger", "ner"])
    encoder: Any = pair.get_pipe("mtl").model.get_ref("tok2vec").shims[0]  # type: ignore
    encoder._model.embeddings.requires_grad_(False)
    train(pair)
    for task in ("tagger", "ner"):
        assert_near(nlp, pair, task)
    assert [table.rows for table in nlp.get_pipe("mtl").structure()] == [  # type: ignore
        ["tagger, ner", "textcat"]
    ]


def test_a_frozen_encoder() -> None:
    nlp = build(MIX, freeze_encoder=True)
    mtl: Any = nlp.get_pipe("mtl")
    encoder = mtl.model.get_ref("tok2vec").shims[0]
    before = encoder.to_bytes()
    mixes = {k: v.detach().clone() for k, v in network_of(nlp).named_parameters()}
    train(nlp, 2)
    assert encoder.to_bytes() == before
    for name, parameter in network_of(nlp).named_parameters():
        assert not torch.equal(parameter, mixes[name])


@pytest.mark.parametrize("title", [MIX, PARTIAL, ADAPTERS])
@pytest.mark.parametrize("weighting", NAMES)
@pytest.mark.filterwarnings("ignore")
def test_every_weighting(weighting: str, title: str) -> None:
    at_parameters = weighting in ONLY_AT_PARAMETERS
    gradients = "parameters" if at_parameters else "representation"
    nlp = build(title, weighting=block(weighting), gradients=gradients)
    before = [slot.value.copy() for slot in unique(slots_of_model(nlp.get_pipe("mtl").model))]  # type: ignore
    train(nlp, 2)
    after = [slot.value for slot in unique(slots_of_model(nlp.get_pipe("mtl").model))]  # type: ignore
    assert any(not numpy.array_equal(x, y) for x, y in zip(before, after))
    assert all(numpy.isfinite(value).all() for value in after)


@pytest.mark.parametrize("title", [MIX, PARTIAL, ADAPTERS])
def test_documents_without_wordpieces(title: str) -> None:
    nlp = build(title)
    for text in ("", " ", " \n "):
        doc = nlp(text)
        assert doc.tensor.shape == (len(doc), 8)
        mtl: Any = nlp.get_pipe("mtl")
        (view,) = mtl.read_views("ner", [doc]) if len(doc) else [doc.tensor]
        assert not view.any()
    empty = Example.from_dict(nlp.make_doc(" \n "), {"tags": [""]})
    nlp.update([empty], sgd=False)


def test_the_shared_representation() -> None:
    """That of the last layer, or that below the private layers."""
    hard = build(HARD)
    doc = hard(TEXTS[0])
    numpy.testing.assert_allclose(build(MIX)(TEXTS[0]).tensor, doc.tensor, atol=1e-6)
    network: Any = hard.get_pipe("mtl").model.get_ref("tok2vec").shims[0]._model  # type: ignore
    layer = network.encoder.layer[1]
    seen: List[Any] = []
    layer.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0][0]))
    hard(TEXTS[0])
    found = build(PARTIAL, n_private=1)("a b c").tensor
    hard("a b c")
    numpy.testing.assert_allclose(found, seen[-1][1:-1].detach(), atol=1e-6)


@pytest.mark.parametrize("title", [MIX, PARTIAL, ADAPTERS])
def test_views_after_training_are_those_of_new_weights(title: str) -> None:
    """Copies of the encoder for prediction follow its weights."""
    nlp = build(title)
    before = views(nlp, "ner")
    train(nlp, 1)
    after = views(nlp, "ner")
    again = spacy.util.load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())
    for one, two, three in zip(before, after, views(again, "ner")):
        assert not one.any() or not numpy.allclose(one, two, atol=1e-6)
        numpy.testing.assert_allclose(two, three, atol=1e-6)


@pytest.mark.parametrize("title", [MIX, PARTIAL, ADAPTERS])
@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_precisions(title: str, precision: str, tmp_path: Path) -> None:
    nlp = build(title, encoder={"precision": "fp32"})
    expected = views(nlp, "ner")
    nlp.to_disk(tmp_path)
    override = {"components.mtl.model.tok2vec.precision": precision}
    found = views(spacy.load(tmp_path, config=override), "ner")
    for one, two in zip(found, expected):
        assert one.dtype == "float32"
        numpy.testing.assert_allclose(one, two, atol=0.1)
    if precision == "bf16":
        lowered = build(title, encoder={"precision": "bf16"})
        train(lowered, 1)


REFUSED: Dict[str, Any] = {
    "another encoder": (
        PARTIAL,
        {"tok2vec": CNN},
        r"PartialSharing.v1 reads layers inside of the encoder, so 'tok2vec' .* must be a spa",
    ),
    "openvino": (
        MIX,
        {"encoder": {"engine": "openvino"}},
        "'engine' of the .* is \"openvino\", wh",
    ),
    "too many layers": (
        PARTIAL,
        {"n_private": 3},
        "'n_private' of .*PartialSharing.v1 is 3, but the encoder '.*' has only 2 layers. Set it",
    ),
    "a task in two groups": (
        PARTIAL,
        {"groups": {"a": ["ner"], "b": ["ner", "tagger"]}},
        "'groups' of .*PartialSharing.v1 has 'ner' in 'a' and 'b'. A task is in one group",
    ),
    "an empty group": (PARTIAL, {"groups": {"a": []}}, "'groups' of .* has no task in 'a'. List"),
    "an unknown task": (
        PARTIAL,
        {"groups": {"a": ["nerr"]}},
        "'groups' of .* names 'nerr' in 'a', but the tasks of this pipeline are: tagger, ner, text",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_settings(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    title, settings, message = REFUSED[case]
    monkeypatch.setattr("spacy_mtl.encoder.engine.is_installed", lambda: True)
    with pytest.raises(ValueError, match=message):
        build(title, **settings)


def test_a_head_of_a_group_is_not_renamed() -> None:
    nlp = build(PARTIAL, groups={"a": ["ner", "tagger"]})
    with pytest.raises(ValueError, match="'ner' was renamed 'x', but 'groups' of .* in 'a'"):
        nlp.rename_pipe("ner", "x")
