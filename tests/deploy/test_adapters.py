"""Adapters of trained pipelines: saved alone, loaded, and merged into the encoder."""

import json
from pathlib import Path
from typing import Any

import numpy
import peft
import pytest
import spacy
import torch
from inside_pipelines import ADAPTERS, HARD, TASKS, TEXTS, build, views
from random_encoders import narrow_bert
from safetensors.torch import load_file, save_file
from scheme_pipelines import network_of
from spacy.language import Language
from transformers import AutoModel

from spacy_mtl import load_adapter, save_adapter
from spacy_mtl.deploy.adapters import AdapterError, merge


def make(*tasks: str, **settings: Any) -> Language:
    """A pipeline with adapters that change a lot."""
    nlp = build(ADAPTERS, list(tasks or TASKS), **settings)
    randomize(nlp)
    return nlp


def randomize(nlp: Language, seed: int = 1) -> None:
    torch.manual_seed(seed)
    for parameter in network_of(nlp).parameters():
        with torch.no_grad():
            parameter.copy_(0.2 * torch.randn(parameter.shape))


def assert_same(one: Language, two: Language, task: str, other: str = "") -> None:
    for a, b in zip(views(one, task), views(two, other or task)):
        numpy.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("kind", ["lora", "bottleneck"])
def test_an_adapter_in_another_pipeline(kind: str, tmp_path: Path) -> None:
    """Of another rank, scale and name. The others stay as they are."""
    nlp = make(kind=kind, rank=2, alpha=3.0)
    save_adapter(nlp, "ner", tmp_path / "ner")
    other = build(ADAPTERS, ["tagger", "ner"], kind=kind, rank=5, alpha=8.0)
    randomize(other, seed=2)
    before = views(other, "ner")
    load_adapter(other, "tagger", tmp_path / "ner")
    assert_same(nlp, other, "ner", "tagger")
    for one, two in zip(before, views(other, "ner")):
        numpy.testing.assert_array_equal(one, two)
    # It replaces one that was saved before.
    save_adapter(nlp, "tagger", tmp_path / "ner")
    load_adapter(other, "tagger", tmp_path / "ner")
    assert_same(nlp, other, "tagger")


def test_the_upper_layers_and_some_matrices(tmp_path: Path) -> None:
    settings = {"n_layers": 1, "targets": ["query", "value"]}
    nlp, other = make(**settings), build(ADAPTERS, **settings)
    save_adapter(nlp, "ner", tmp_path / "ner")
    config = json.loads((tmp_path / "ner" / "adapter_config.json").read_text())
    names = [f"encoder.layer.1.attention.self.{name}" for name in ("query", "value")]
    assert config["target_modules"] == names
    load_adapter(other, "ner", tmp_path / "ner")
    assert_same(nlp, other, "ner")
    # One that changes more can have it, too. What isn't in the file changes nothing.
    other = make()
    load_adapter(other, "ner", tmp_path / "ner")
    assert_same(nlp, other, "ner")


def test_peft_reads_it(tmp_path: Path) -> None:
    nlp = make(rank=2, alpha=3.0)
    save_adapter(nlp, "ner", tmp_path / "ner")
    network = AutoModel.from_pretrained(narrow_bert()).eval()
    network = peft.PeftModel.from_pretrained(network, str(tmp_path / "ner"))
    nlp_alone = build(HARD, ["ner"])
    shim: Any = nlp_alone.get_pipe("mtl").model.get_ref("tok2vec").shims[0]  # type: ignore
    merged = network.merge_and_unload()
    shim._model.load_state_dict(merged.state_dict())
    assert_same(nlp, nlp_alone, "ner")


def test_an_adapter_of_peft(tmp_path: Path) -> None:
    """Its files have no fingerprint of the encoder."""
    network = AutoModel.from_pretrained(narrow_bert())
    config = peft.LoraConfig(r=3, lora_alpha=6, target_modules=["query", "dense"])
    # The pooler isn't a layer.
    config.exclude_modules = ["pooler.dense"]
    wrapped = peft.get_peft_model(network, config)
    torch.manual_seed(3)
    for name, parameter in wrapped.named_parameters():
        if "lora_" in name:
            parameter.data = 0.2 * torch.randn(parameter.shape)
    wrapped.save_pretrained(str(tmp_path / "made"))
    nlp = build(ADAPTERS, rank=4)
    load_adapter(nlp, "ner", tmp_path / "made")
    alone = build(HARD, ["ner"])
    shim: Any = alone.get_pipe("mtl").model.get_ref("tok2vec").shims[0]  # type: ignore
    shim._model.load_state_dict(wrapped.merge_and_unload().state_dict())
    assert_same(nlp, alone, "ner")


def test_an_encoder_of_another_name(tmp_path: Path) -> None:
    """The name is all that files of peft say of their encoder. Folders don't matter."""
    nlp = build(ADAPTERS, rank=2)
    save_adapter(nlp, "ner", tmp_path)
    matrices = tmp_path / "adapter_model.safetensors"
    save_file(load_file(str(matrices)), str(matrices), metadata={"format": "pt"})
    file, own = tmp_path / "adapter_config.json", Path(narrow_bert()).name
    config = json.loads(file.read_text())
    for name in (own, f"somewhere/{own}/", ""):
        file.write_text(json.dumps({**config, "base_model_name_or_path": name}))
        load_adapter(nlp, "ner", tmp_path)
    file.write_text(json.dumps({**config, "base_model_name_or_path": "bert-base-cased"}))
    with pytest.raises(AdapterError, match="trained with the encoder 'bert-base-cased', but that"):
        load_adapter(nlp, "ner", tmp_path)


def test_an_encoder_without_a_pooler(tmp_path: Path) -> None:
    """As that of RoBERTa on the hub: the one that is loaded is random each time, and unused."""
    nlp, other = build(ADAPTERS), build(ADAPTERS)
    randomize(nlp)
    save_adapter(nlp, "ner", tmp_path)
    encoder: Any = network_of(other).encoder.network
    with torch.no_grad():
        encoder.pooler.dense.weight += 1.0
    load_adapter(other, "ner", tmp_path)
    assert_same(nlp, other, "ner")


def test_merged(tmp_path: Path) -> None:
    nlp = make(rank=2)
    expected = [[(e.start, e.end, e.label_) for e in nlp(text).ents] for text in TEXTS]
    assert any(expected)
    merged = merge(nlp, "ner")
    assert merged.pipe_names == ["mtl", "ner"]
    block = merged.config["components"]["mtl"]["model"]
    assert block["@architectures"] == HARD
    assert block["tok2vec"]["@architectures"] == "spacy_mtl.TransformerEncoder.v1"
    merged.to_disk(tmp_path)
    for found in (merged, spacy.load(tmp_path)):
        assert [[(e.start, e.end, e.label_) for e in found(t).ents] for t in TEXTS] == expected
        assert_same(nlp, found, "ner")
    # What was merged is a copy.
    assert nlp.pipe_names == ["mtl", *TASKS]
    assert_same(nlp, make(rank=2), "ner")
    alone = make("tagger", rank=2)
    assert_same(alone, merge(alone), "tagger")


def test_what_a_merged_pipeline_keeps() -> None:
    """All but the other heads, which nothing names any more."""
    weights = {"@mtl_weightings": "spacy_mtl.Constant.v1", "weights": {"tagger": 2.0, "ner": 3.0}}
    nlp = make(rank=2, weighting=weights)
    tokenizer: Any = nlp.tokenizer
    tokenizer.add_special_case("gimme", [{"ORTH": "gim"}, {"ORTH": "me"}])
    nlp.meta.update(name="mine", version="1.2.3", license="MIT", author="Me")
    training = nlp.config["training"]
    training["frozen_components"] = ["textcat"]
    training["score_weights"] = {"tag_acc": 0.5, "ents_f": 0.5, "ents_per_type": None}
    corpora = {"a": {"path": "a.spacy", "tasks": ["tagger", "ner"]}, "b": {"path": "b.spacy"}}
    nlp.config["corpora"]["train"] = {"@readers": "spacy_mtl.MultiCorpus.v1", "corpora": corpora}
    nlp.meta["performance"] = {"tag_acc": 0.9, "tagger_loss": 1.0, "ents_f": 0.8, "ner_loss": 2.0}
    merged = merge(nlp, "ner")
    assert [token.text for token in merged.make_doc("gimme")] == ["gim", "me"]
    for key in ("name", "version", "license", "author"):
        assert merged.meta[key] == nlp.meta[key]
    assert list(merged.meta["labels"]) == ["mtl", "ner"]
    assert merged.config["components"]["mtl"]["weighting"]["weights"] == {"ner": 3.0}
    assert merged.config["training"]["frozen_components"] == []
    weights = merged.config["training"]["score_weights"]
    assert "tag_acc" not in weights
    assert weights["ents_f"] == 1.0
    assert merged.config["corpora"]["train"]["corpora"]["a"]["tasks"] == ["ner"]
    assert merged.meta["performance"] == {"ents_f": 0.8, "ner_loss": 2.0}


def test_what_cannot_be_merged() -> None:
    with pytest.raises(AdapterError, match=r"has 3 heads \(tagger, ner, textcat\), .* --task tagg"):
        merge(make())
    with pytest.raises(AdapterError, match="no adapter of 'nerr'. Did you mean 'ner'"):
        merge(make(), "nerr")
    with pytest.raises(AdapterError, match='kind "bottleneck": .* Only "lora" can be merged'):
        merge(make(kind="bottleneck"), "ner")
    with pytest.raises(AdapterError, match="sharing scheme of 'mtl' is .*HardSharing.v1, but only"):
        merge(build(HARD), "ner")
    with pytest.raises(AdapterError, match="no component of factory 'mtl', .* Train one"):
        merge(spacy.blank("en"))
    nlp = make()
    nlp.remove_pipe("ner")
    with pytest.raises(AdapterError, match="'ner' isn't in the pipeline, only its adapter"):
        merge(nlp, "ner")


def test_adapters_that_do_not_fit(tmp_path: Path) -> None:
    nlp, folder = make(rank=3), tmp_path / "ner"
    save_adapter(nlp, "ner", folder)
    before = views(nlp, "ner")
    with pytest.raises(AdapterError, match="has the rank 3, but 'rank' of .* is 2. Set it to 3 or"):
        load_adapter(build(ADAPTERS, rank=2), "ner", folder)
    with pytest.raises(AdapterError, match="is a lora, but 'kind' of .* is \"bottleneck\""):
        load_adapter(build(ADAPTERS, kind="bottleneck"), "ner", folder)
    with pytest.raises(AdapterError, match="no adapter of 'x'. The pipeline has those of: tagger"):
        load_adapter(nlp, "x", folder)
    with pytest.raises(AdapterError, match=r"changes 'enc.* but .* doesn't. Set 'targets'"):
        load_adapter(build(ADAPTERS, rank=3, n_layers=1, targets=["key"]), "ner", folder)
    with pytest.raises(
        AdapterError, match="no adapter in '.*nowhere': it has no file adapter_conf"
    ):
        load_adapter(nlp, "ner", tmp_path / "nowhere")
    encoder: Any = network_of(nlp).encoder.network
    with torch.no_grad():
        encoder.embeddings.word_embeddings.weight[3, 3] += 1.0
    with pytest.raises(AdapterError, match="was trained with another encoder"):
        load_adapter(nlp, "ner", folder)
    with torch.no_grad():
        encoder.embeddings.word_embeddings.weight[3, 3] -= 1.0
    (folder / "adapter_model.safetensors").write_bytes(b"nothing")
    with pytest.raises(AdapterError, match="is damaged"):
        load_adapter(nlp, "ner", folder)
    for one, two in zip(before, views(nlp, "ner")):
        numpy.testing.assert_allclose(one, two, atol=1e-6)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("keep")
    with pytest.raises(AdapterError, match="has something other than an adapter"):
        save_adapter(nlp, "ner", tmp_path / "other")
    assert (tmp_path / "other" / "notes.txt").read_text() == "keep"


UP = "base_model.model.encoder.layer.0.attention.self.query.lora_B.weight"


@pytest.mark.parametrize(
    ("config", "values", "says"),
    [
        (
            {"r": 2},
            {},
            r"its rank 'r' is 2, but the matrices for .* \(3, 8\) and \(8, 3\)",
        ),
        ({"r": 0}, {}, "damaged: its rank 'r' is 0"),
        ({"r": "many"}, {}, "damaged: ValueError"),
        ({"bias": "lora_only"}, {}, "has 'bias', which isn't supported"),
        ({"lora_bias": True}, {}, "has 'lora_bias', which isn't supported"),
        ({"init_lora_weights": "pissa_niter_4"}, {}, "has 'init_lora_weights = pissa_niter_4', wh"),
        ({}, {UP: None}, "damaged: KeyError: 'lora_B'"),
        ({}, {UP: torch.zeros(8)}, "query.lora_B.weight' is no matrix of a saved adapter"),
        ({}, {UP.replace("B.w", "B.default.w"): torch.zeros(8, 3)}, "is no matrix of a saved ada"),
        ({}, {UP.replace("lora_B.weight", "bias"): torch.zeros(8)}, "is no matrix of a saved ada"),
        ({}, None, "adapter_model.safetensors has no matrices"),
    ],
)
def test_damaged_adapters(config: Any, values: Any, says: str, tmp_path: Path) -> None:
    """They are refused as a whole: nothing of the pipeline's adapter is overwritten."""
    nlp, folder = make(rank=3), tmp_path / "ner"
    save_adapter(nlp, "ner", folder)
    before = views(nlp, "ner")
    file = folder / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **config}))
    file = folder / "adapter_model.safetensors"
    saved = {} if values is None else {**load_file(str(file)), **values}
    saved = {key: value for key, value in saved.items() if value is not None}
    save_file(saved, str(file), metadata={"format": "pt"})
    with pytest.raises(AdapterError, match=says):
        load_adapter(nlp, "ner", folder)
    for one, two in zip(before, views(nlp, "ner")):
        numpy.testing.assert_array_equal(one, two)
