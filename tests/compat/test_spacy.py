"""The private parts of spaCy that `compat/spacy.py` uses haven't changed."""

import gc
import inspect
import subprocess
import sys
from typing import Any, List

import catalogue
import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2Vec, Tok2VecListener
from spacy.training import Example
from spacy.util import registry
from spacy_transformers.layers.listener import TransformerListener
from thinc.api import Model
from tiny_pipelines import CNN

from spacy_mtl.compat.spacy import (
    add_lemmatizer_trees,
    add_parser_actions,
    add_registry,
    annotating_components,
    callback_of,
    find_pipeline,
    frozen_components,
    give_callback,
    gradient_sums,
    holds_batch,
    is_listener,
    optimizer_of,
    set_callback,
    take_callback,
)

LISTENERS = [lambda: Tok2VecListener("tok2vec", 4), lambda: TransformerListener("transformer")]


@pytest.mark.parametrize("make", LISTENERS)
def test_listeners_store_a_batch_in_three_attributes(make: Any) -> None:
    node = make()
    assert vars(node) == {
        "name": type(node).name,
        "upstream_name": node.upstream_name,
        "_batch_id": None,
        "_outputs": None,
        "_backprop": None,
    }, f"{type(node).__name__} stores other attributes: see _RUN_STATE in compat/spacy.py"
    node.receive(3, ["outputs"], callback_of)
    found = node._batch_id, node._outputs, node._backprop
    assert found == (3, ["outputs"], callback_of), f"{type(node).__name__}.receive has changed"


@pytest.mark.parametrize("make", LISTENERS)
def test_listeners_read_their_batch_in_training(make: Any) -> None:
    node = make()
    docs = [spacy.blank("en")("one text")]
    calls: List[Any] = []
    node.receive(node.get_batch_id(docs), ["outputs"], lambda d: calls.append(d) or "back")
    state = take_callback(node)
    assert vars(node)["_batch_id"] is None
    give_callback(node, state)
    outputs, backprop = node(docs, is_train=True)
    why = f"{type(node).__name__} reads its batch from elsewhere: see compat/spacy.py"
    assert outputs == ["outputs"], why
    assert backprop("gradient") == "back", why
    assert calls == ["gradient"], why


def test_a_batch_is_removed_and_restored() -> None:
    node = Tok2VecListener("tok2vec", 4)
    assert not holds_batch(node)
    node.receive(3, ["outputs"], len)
    assert holds_batch(node)
    assert callback_of(node) is len
    state = take_callback(node)
    assert not holds_batch(node)
    assert callback_of(node) is None
    give_callback(node, state)
    set_callback(node, max)
    assert (node._batch_id, node._outputs, callback_of(node)) == (3, ["outputs"], max)


def test_tok2vec_sums_gradients_in_its_closure() -> None:
    nlp = spacy.blank("en")
    tok2vec: Any = nlp.add_pipe("tok2vec", config={"model": CNN})
    example = Example.from_dict(nlp.make_doc("three more words"), {})
    tok2vec.initialize(lambda: [example], nlp=nlp)
    tok2vec.listener_map["head"] = nodes = [Tok2VecListener("tok2vec", 16) for _ in range(2)]
    tok2vec.update([example])
    ones = [tok2vec.model.ops.alloc2f(3, 16) + 1]
    assert inspect.getclosurevars(nodes[0]._backprop).nonlocals.get("d_tokvecs") is not None, (
        "Tok2Vec.update no longer sums gradients in 'd_tokvecs', where gradient_sums in "
        "compat/spacy.py looks for them"
    )
    first, last = (gradient_sums(node._backprop) for node in nodes)
    assert first is last
    nodes[0]._backprop(ones)
    assert (first[0] == 1).all(), "the listeners' gradients are not added to 'd_tokvecs'"
    nodes[1]._backprop(ones)
    assert (first[0] == 2).all()
    embed = next(node for node in tok2vec.model.walk() if node.has_grad("E"))
    twice = embed.get_grad("E").copy()
    # After zeroing, they start again: half as much is added.
    first[0].fill(0)
    nodes[1]._backprop(ones)
    assert numpy.allclose(embed.get_grad("E"), 1.5 * twice), (
        "the last listener does not send the content of 'd_tokvecs'"
    )


def test_unknown_callback_has_no_sums() -> None:
    with pytest.raises(RuntimeError, match="stores gradients elsewhere"):
        gradient_sums(lambda gradients: gradients)


def test_config_property_is_made_from_private_config() -> None:
    nlp = spacy.blank("en", config={"training": {"frozen_components": ["ner"]}})
    why = "Language.config isn't made from Language._config: see compat/spacy.py"
    assert nlp._config["training"]["frozen_components"] == ["ner"], why
    assert list(frozen_components(nlp)) == ["ner"]
    nlp.config["training"]["frozen_components"] = ["tagger"]
    assert list(frozen_components(nlp)) == ["tagger"], why
    # As in a config that was read without interpolation.
    nlp.config["training"]["frozen_components"] = "${corpora.resting}"
    nlp.config["corpora"] = {"resting": ["textcat"]}
    assert list(frozen_components(nlp)) == ["textcat"]
    assert list(annotating_components(nlp)) == []
    nlp.config["training"]["annotating_components"] = ["senter"]
    assert list(annotating_components(nlp)) == ["senter"]


def test_pipeline_without_a_training_block_freezes_nothing() -> None:
    nlp = Language()
    nlp.config = {}
    assert list(frozen_components(nlp)) == []


def test_optimizer_is_kept() -> None:
    nlp = spacy.blank("en")
    why = "Language doesn't keep its optimizer in _optimizer: see optimizer_of in compat/spacy.py"
    assert nlp._optimizer is None, why
    found = optimizer_of(nlp)
    assert nlp._optimizer is found, why
    assert optimizer_of(nlp) is found
    assert nlp.resume_training() is found


def test_pipelines_are_tracked_by_the_garbage_collector() -> None:
    nlp = spacy.blank("en")
    assert any(each is nlp for each in gc.get_objects()), (
        "gc doesn't track pipelines, but find_pipeline in compat/spacy.py looks there"
    )


def test_the_only_pipeline_of_a_component_is_found() -> None:
    nlp = spacy.blank("en")
    tok2vec = nlp.add_pipe("tok2vec")
    assert find_pipeline(tok2vec, nlp.vocab) is nlp
    assert find_pipeline(Tok2Vec(nlp.vocab, Model("none", lambda *x: x)), nlp.vocab) is None
    other = spacy.blank("en", vocab=nlp.vocab)
    other.add_pipe("tok2vec", source=nlp)
    # Two share component and vocabulary, so neither is found.
    assert find_pipeline(tok2vec, nlp.vocab) is None
    assert find_pipeline(tok2vec, spacy.blank("en").vocab) is None


def _parsed(nlp: Language) -> List[Example]:
    given = {
        "heads": [1, 1, 3, 1],
        "deps": ["nsubj", "ROOT", "det", "obj"],
        "lemmas": ["she", "read", "a", "book"],
    }
    return [Example.from_dict(nlp.make_doc("she reads a book"), given) for _ in range(40)]


def test_parser_has_the_same_actions_as_after_initialization() -> None:
    nlp = spacy.blank("en")
    examples = _parsed(nlp)
    one: Any = nlp.add_pipe("parser", name="one")
    other: Any = nlp.add_pipe("parser", name="other")
    why = "a parser finds its actions in another way: see add_parser_actions in compat/spacy.py"
    add_parser_actions(one, examples)
    other.initialize(lambda: examples, nlp=nlp)
    assert set(one.labels) == set(other.labels), why
    assert "nsubj" in one.labels, why


def test_lemmatizer_has_the_same_trees_as_after_initialization() -> None:
    nlp = spacy.blank("en")
    examples = _parsed(nlp)
    one: Any = nlp.add_pipe("trainable_lemmatizer", name="one")
    other: Any = nlp.add_pipe("trainable_lemmatizer", name="other")
    why = "a lemmatizer has no '_labels_from_data': see add_lemmatizer_trees in compat/spacy.py"
    assert callable(getattr(one, "_labels_from_data", None)), why
    add_lemmatizer_trees(one, examples)
    other.initialize(lambda: examples, nlp=nlp)
    assert one.labels == other.labels != (), why


def test_all_of_spacys_functions_are_registered_without_a_lookup() -> None:
    code = (
        "import catalogue; from spacy_mtl.compat.spacy import register_all; register_all();"
        "print(all(catalogue.check_exists('spacy', *each) for each in"
        "[('architectures', 'spacy.Tagger.v2'), ('internal_factories', 'tagger')]))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout == "True\n", (
        "spaCy registers its functions elsewhere: see register_all in compat/spacy.py\n"
        + found.stderr
    )


def test_registries_are_attributes_of_spacys_class() -> None:
    made, other = (catalogue.Registry(("spacy", "of_a_test")) for _ in range(2))
    made.register("seven", func=lambda: 7)
    try:
        add_registry("of_a_test", made)
        why = "spaCy looks up registries in another way: see add_registry in compat/spacy.py"
        assert registry.of_a_test is made, why
        assert registry.resolve({"it": {"@of_a_test": "seven"}}) == {"it": 7}, why
        add_registry("of_a_test", other)
        assert registry.of_a_test is made
    finally:
        del registry.of_a_test
        catalogue.REGISTRY.pop(("spacy", "of_a_test", "seven"))


@pytest.mark.parametrize("make", LISTENERS)
def test_listeners_name_their_upstream_component(make: Any) -> None:
    assert is_listener(make()), "listeners name their upstream component elsewhere"
    assert not is_listener(Model("layer", lambda model, X, is_train: (X, lambda d: d)))
