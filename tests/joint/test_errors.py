"""Wrong configs fail at once, with what, where and how to mend it."""

import math
from pathlib import Path
from typing import Any, Callable

import pytest
import spacy
from spacy.tokens import Span
from tiny_corpus import make_examples
from tiny_pipelines import CNN, add_joint, constant, inner

from spacy_mtl.registry import registry


def test_weight_of_an_unknown_task(make_nlp: Callable, encoder: Any) -> None:
    with pytest.raises(ValueError, match=r"'nerr'.*'tagger', 'ner', 'textcat'.*weighting"):
        make_nlp(encoder=encoder, weighting=constant(nerr=1.0))


def test_weight_of_a_task_that_is_gone(make_nlp: Callable) -> None:
    nlp = make_nlp(encoder=None)
    nlp.get_pipe("mtl").weighting.weights["nerr"] = 1.0
    nlp.add_pipe("sentencizer")  # the pipeline is looked at again when it changes
    with pytest.warns(UserWarning, match="'nerr'"):
        nlp.update(make_examples(nlp), sgd=False)


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf, "much", True, None, [1.0]])
def test_weights_that_are_none(weight: Any) -> None:
    block = {"weighting": constant(ner=weight)}
    with pytest.raises(ValueError, match=r"weight of task 'ner' is .*components.mtl.weighting"):
        registry.resolve(block)


def test_listener_without_mtl() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("mtl_ner", name="ner")
    with pytest.raises(ValueError, match=r"listens to 'mtl', but no component of that name"):
        nlp.initialize(lambda: make_examples(nlp))


def test_two_joint_components(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    with pytest.raises(ValueError, match="two components of factory 'mtl': 'mtl' and 'other'"):
        nlp.add_pipe("mtl", name="other")


def test_head_before_mtl(encoder: Any) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("mtl_ner", name="ner")
    add_joint(nlp, encoder)
    with pytest.raises(
        ValueError, match="no component of that name.*stands before it.*before all heads"
    ):
        nlp.initialize(lambda: make_examples(nlp))


ENCODERS = [
    pytest.param(str, r"\[components.transformer.model\]", id="listener"),
    pytest.param(inner, 'the block .* "spacy_mtl.TransformerEncoder.v1"', id="inner transformer"),
]


@pytest.mark.parametrize("make_encoder, where", ENCODERS)
def test_encoder_folder_that_is_not_there(make_encoder: Callable, where: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, make_encoder("/no/such/folder"))
    nlp.add_pipe("mtl_ner", name="ner")
    message = f"Couldn't load the encoder '/no/such/folder'.* Set 'name' in {where}"
    with pytest.raises(ValueError, match=message):
        nlp.initialize(lambda: make_examples(nlp))


def test_rival_listener(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    nlp.add_pipe("mtl_ner", name="ner")
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    nlp.add_pipe(
        "tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}}
    )
    with pytest.raises(ValueError, match=r"'tagger' listens to 'transformer' beside 'mtl'"):
        nlp.initialize(lambda: make_examples(nlp))


def test_rival_of_a_stock_tok2vec() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": CNN})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "tok2vec"}
    model = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": listener}
    nlp.add_pipe("mtl", config={"model": model})
    nlp.add_pipe("mtl_ner", name="ner")
    nlp.initialize(lambda: make_examples(nlp))
    nlp.update(make_examples(nlp), sgd=False)
    nlp.add_pipe(
        "tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}}
    )
    with pytest.raises(ValueError, match="'tagger' listens to 'tok2vec' beside 'mtl'"):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize("order", [["mtl", "transformer"], ["mtl"]])
def test_encoder_missing_or_behind(encoder_dir: str, order: Any) -> None:
    nlp = spacy.blank("en")
    for name in order:
        config = {"model": {"name": encoder_dir}} if name == "transformer" else {}
        nlp.add_pipe(name, config=config)
    nlp.add_pipe("mtl_ner", name="ner")
    with pytest.raises(ValueError, match=r"none of that name stands before it.*transformer"):
        nlp.initialize(lambda: make_examples(nlp))


def test_frozen_encoder_without_weights(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    nlp.add_pipe("mtl_ner", name="ner")
    error = pytest.raises(ValueError, match="to which 'mtl' listens was not initialised")
    with nlp.select_pipes(disable=["transformer"]), error:
        nlp.initialize(lambda: make_examples(nlp))


def test_frozen_mtl_without_weights(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    nlp.add_pipe("mtl_ner", name="ner")
    with nlp.select_pipes(disable=["mtl"]), pytest.raises(ValueError, match="'mtl'.*initialised"):
        nlp.initialize(lambda: make_examples(nlp))


def test_encoder_is_not_updated(make_nlp: Callable) -> None:
    nlp = make_nlp()
    with pytest.raises(ValueError, match="annotating_components"):
        nlp.update(make_examples(nlp), sgd=False, exclude=["transformer"])


def test_listener_of_a_stock_config(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None, initialize=False)
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "*"}
    tagger = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    nlp.add_pipe("tagger", config={"model": tagger})
    with pytest.raises(ValueError, match=r"'tagger' listens to '\*'.*TaskListener"):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize(
    "factory,architecture",
    [("mtl_ner", "TextClassifier"), ("mtl_textcat", "TokenClassifier")],
)
def test_model_of_another_head(factory: str, architecture: str) -> None:
    nlp = spacy.blank("en")
    model = {
        "@architectures": f"spacy_mtl.{architecture}.v1",
        "tok2vec": {"@architectures": "spacy_mtl.TaskListener.v1"},
    }
    with pytest.raises(
        ValueError, match=r"'head' scores each .*, but the component annotates each .*head.model"
    ):
        nlp.add_pipe(factory, name="head", config={"model": model})


def test_tokens_split_between_mtl_and_head(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    doc = nlp.get_pipe("mtl")(nlp.make_doc("Anna runs"))
    with doc.retokenize() as retokenizer:
        retokenizer.split(doc[0], ["An", "na"], heads=[doc[0], doc[0]])
    doc.tensor = doc.tensor[:2]
    with pytest.raises(ValueError, match="has split tokens or written doc.tensor"):
        nlp.get_pipe("ner")(doc)


def test_tokens_merged_in_training(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    nlp.add_pipe("merge_entities", before="ner")
    examples = make_examples(nlp)
    for eg in examples:
        eg.predicted.ents = [Span(eg.predicted, e.start, e.end, e.label) for e in eg.reference.ents]
    with pytest.raises(ValueError, match="may merge or split tokens"):
        nlp.update(examples, sgd=False, annotates=["merge_entities"])


def test_another_component_writes_the_tensor(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    nlp.add_pipe("tok2vec", config={"model": CNN}, after="mtl")
    with pytest.raises(ValueError, match="'tok2vec' writes doc.tensor, and so does 'mtl'"):
        nlp.initialize(lambda: make_examples(nlp))


def test_all_tasks_frozen(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    nlp.config["training"]["frozen_components"] = ["ner"]
    with pytest.warns(UserWarning, match="nothing trains the encoder"):
        nlp.update(make_examples(nlp), sgd=False, exclude=["ner"])


def test_no_task(encoder: Any) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder)
    with pytest.warns(UserWarning, match="No component listens to 'mtl'"):
        nlp.initialize(lambda: make_examples(nlp))
    nlp.update(make_examples(nlp), sgd=False)


def test_wrong_width(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "width": 99}
    model = {"@architectures": "spacy_mtl.TokenClassifier.v1", "tok2vec": listener}
    nlp.add_pipe("mtl_ner", name="ner", config={"model": model})
    with pytest.raises(ValueError, match="has width 99, but 'mtl' gives vectors of width 16"):
        nlp.initialize(lambda: make_examples(nlp))


def test_prediction_without_mtl(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    with pytest.raises(ValueError, match="'ner' needs the output of 'mtl'.*Anna"):
        nlp.get_pipe("ner")(nlp.make_doc("Anna runs"))


def test_answer_after_closing(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    nlp.update(make_examples(nlp), sgd=False)
    step = nlp.get_pipe("mtl")._step
    with pytest.raises(ValueError, match="'ner' sent a gradient for a joint step that was closed"):
        step.take_gradient("ner", 0, [])


def test_encoder_in_the_place_of_the_sharing_scheme() -> None:
    nlp = spacy.blank("en")
    with pytest.raises(ValueError, match=r"no sharing scheme.*components.mtl.model.tok2vec"):
        nlp.add_pipe("mtl", config={"model": CNN})


@pytest.mark.parametrize("change", ["rename", "remove"])
def test_mtl_that_is_gone(make_nlp: Callable, encoder: Any, change: str) -> None:
    nlp = make_nlp(encoder=encoder)
    if change == "rename":
        nlp.rename_pipe("mtl", "shared")
        with pytest.raises(ValueError, match="'tagger' listens to 'mtl', and no component"):
            nlp.update(make_examples(nlp), sgd=False)
    else:
        nlp.remove_pipe("mtl")
    with pytest.raises(ValueError, match="listens to 'mtl'.* no component of that name"):
        nlp.initialize(lambda: make_examples(nlp))


def test_update_that_failed(make_nlp: Callable) -> None:
    nlp = make_nlp()
    broken = make_examples(nlp)
    broken[0].reference.cats = {"a": 0.5}
    with pytest.raises(ValueError, match="exclusive categories"):
        nlp.update(broken, sgd=False)
    with pytest.warns(UserWarning, match="update of 'textcat' .* it failed"):
        nlp.update(make_examples(nlp), sgd=False)


def test_head_model_in_a_stock_component(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    listener = {"@architectures": "spacy_mtl.TaskListener.v1"}
    model = {"@architectures": "spacy_mtl.TextClassifier.v1", "tok2vec": listener}
    nlp.add_pipe("textcat", config={"model": model})
    with pytest.raises(ValueError, match=r"'textcat' \(factory 'textcat'\).*gives logits"):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize("make_encoder, where", ENCODERS)
def test_encoder_folder_that_lacks_files(
    make_encoder: Callable, where: str, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").touch()
    nlp = spacy.blank("en")
    add_joint(nlp, make_encoder(str(tmp_path)))
    nlp.add_pipe("mtl_ner", name="ner")
    with pytest.raises(ValueError, match=f"contains notes.txt. It needs config.json.*{where}"):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize("make_encoder, where", ENCODERS)
def test_encoder_with_damaged_weights(
    make_encoder: Callable, where: str, encoder_dir: str, tmp_path: Path
) -> None:
    for path in Path(encoder_dir).iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1")
    nlp = spacy.blank("en")
    add_joint(nlp, make_encoder(str(tmp_path)))
    nlp.add_pipe("mtl_ner", name="ner")
    with pytest.raises(ValueError, match=f"Couldn't load the encoder from the folder.*{where}"):
        nlp.initialize(lambda: make_examples(nlp))
