"""Who takes part: tasks that are frozen, disabled, added, sourced."""

import itertools
import warnings
from typing import Any, Callable, Tuple

import numpy
import pytest
import spacy
from encoder_gradients import (
    assert_close,
    encoder_gradient,
    encoder_values,
)
from joint_gradients import WEIGHTS, gold, gradient_of
from predicted_values import TEXTS, as_values, predictions
from thinc.api import Adam
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, constant, sourced
from training_steps import parameters, train_steps


@pytest.mark.parametrize("frozen", [c for n in (1, 2) for c in itertools.combinations(HEADS, n)])
def test_frozen_tasks(make_nlp: Callable, encoder: Any, frozen: Tuple[str, ...]) -> None:
    nlp = make_nlp(encoder=encoder, weighting=constant(**WEIGHTS))
    left = [task for task in HEADS if task not in frozen]
    expected = sum(gradient_of(nlp, gold(nlp, task)) for task in left)
    nlp.config["training"]["frozen_components"] = list(frozen)
    assert_close(gradient_of(nlp, gold(nlp, *HEADS), exclude=frozen), expected)


@pytest.mark.parametrize("keep_source", [False, True], ids=["source gone", "source alive"])
def test_sourced_pipeline_loses_no_task(
    make_nlp: Callable, encoder: Any, keep_source: bool
) -> None:
    """A task that was silent or excluded for a while counts again afterwards."""
    source = make_nlp(encoder=encoder)
    nlp = sourced(source)
    if not keep_source:
        del source
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gradient_of(nlp, gold(nlp, *HEADS))
        expected = gradient_of(nlp, gold(nlp, *HEADS))
        gradient_of(nlp, gold(nlp, *HEADS), exclude=["textcat"])
        nlp.get_pipe("mtl").finish_update(lambda key, weights, gradient: (weights, gradient))
        assert_close(gradient_of(nlp, gold(nlp, *HEADS)), expected)


def test_head_that_was_left_behind(make_nlp: Callable, encoder: Any) -> None:
    """mtl sourced without a head of the old pipeline, which is still alive."""
    source = make_nlp(encoder=encoder)
    expected = gradient_of(source, gold(source, "tagger", "ner"))
    nlp = sourced(source)
    nlp.remove_pipe("textcat")
    assert_close(gradient_of(nlp, gold(nlp, *HEADS)), expected)


def test_frozen_by_config_but_updated_all_the_same(make_nlp: Callable, encoder: Any) -> None:
    """frozen_components of a saved config, and a loop that does not pass exclude."""
    nlp = make_nlp(encoder=encoder)
    expected = gradient_of(nlp, gold(nlp, *HEADS))
    nlp.config["training"]["frozen_components"] = ["textcat"]
    with pytest.warns(UserWarning, match="'textcat' was updated after.*Later steps will wait"):
        gradient_of(nlp, gold(nlp, *HEADS))
    assert_close(gradient_of(nlp, gold(nlp, *HEADS)), expected)


def test_disabled_task(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    everything = gradient_of(nlp, gold(nlp, *HEADS))
    expected = gradient_of(nlp, gold(nlp, "tagger", "ner"))
    with nlp.select_pipes(disable=["textcat"]):
        assert_close(gradient_of(nlp, gold(nlp, *HEADS)), expected)
    assert_close(gradient_of(nlp, gold(nlp, *HEADS)), everything)


def test_frozen_head_keeps_its_parameters(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    nlp.config["training"]["frozen_components"] = ["textcat"]
    before, encoder_before = parameters(nlp, "textcat"), encoder_values(nlp)
    train_steps(nlp, exclude=["textcat"])
    assert parameters(nlp, "textcat") == before
    assert not numpy.array_equal(encoder_values(nlp), encoder_before)


def test_pipes_change_between_updates(make_nlp: Callable, encoder: Any) -> None:
    """The tasks follow the pipeline: heads renamed, removed, replaced, added."""
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp, 1)
    nlp.rename_pipe("ner", "names")
    nlp.remove_pipe("textcat")
    nlp.replace_pipe("tagger", "mtl_tagger", config={"attribute": "pos"})
    nlp.add_pipe("mtl_textcat", name="topic")
    labels = {"tagger": ["NOUN", "VERB"], "topic": ["a", "b"]}
    for name, of_head in labels.items():
        nlp.get_pipe(name).initialize(lambda: make_examples(nlp), nlp=nlp, labels=of_head)
    before = parameters(nlp, "names", "topic")
    losses = nlp.update(make_examples(nlp), sgd=Adam(0.01))
    assert nlp.get_pipe("mtl").tasks == ["tagger", "names", "topic"]
    assert losses["mtl"] == pytest.approx(losses["names"] + losses["topic"])
    assert parameters(nlp, "names", "topic") != before
    reloaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert reloaded.get_pipe("mtl").tasks == ["tagger", "names", "topic"]
    assert predictions(reloaded) == predictions(nlp)


def test_select_pipes(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp)
    expected = predictions(nlp)
    with nlp.select_pipes(disable=["ner"]):
        found = predictions(nlp)
        assert [f[0] for f in found] == [e[0] for e in expected]
        train_steps(nlp, 1)
    train_steps(nlp, 1)
    assert nlp.get_pipe("mtl").tasks == list(HEADS)
    with nlp.select_pipes(disable=["mtl"]), pytest.raises(ValueError, match="needs the output"):
        nlp("Anna runs")


def test_component_enabled_after_linking(make_nlp: Callable, encoder: Any) -> None:
    """spaCy links the enabled components only, and not again when one is enabled."""
    nlp = make_nlp(encoder=encoder)
    nlp.disable_pipe("tagger")
    nlp._link_components()
    nlp.enable_pipe("tagger")
    train_steps(nlp, 1)
    assert nlp.get_pipe("mtl").tasks == list(HEADS)


def test_source_a_head(make_nlp: Callable, encoder: Any, encoder_dir: str) -> None:
    source = make_nlp(encoder=encoder)
    train_steps(source)
    nlp = spacy.blank("en")
    for name in source.pipe_names[:-1]:
        nlp.add_pipe(name, source=source)
    nlp.add_pipe("mtl_textcat", name="textcat")
    with nlp.select_pipes(disable=source.pipe_names[:-1]):
        nlp.initialize(lambda: make_examples(nlp))
    assert nlp.get_pipe("mtl").tasks == list(HEADS)
    for text in TEXTS:
        assert as_values(nlp(text))[:2] == as_values(source(text))[:2]
    before = encoder_values(nlp)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        train_steps(nlp, 2)
    assert not numpy.array_equal(encoder_values(nlp), before)


def test_a_batch_of_another_vocab_is_not_the_end(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    nlp.update(make_examples(spacy.blank("en")), sgd=False)
    assert nlp.get_pipe("mtl").nlp is None
    nlp.update(make_examples(nlp), sgd=False)
    assert nlp.get_pipe("mtl").nlp is nlp


@pytest.mark.parametrize("is_gone", [True, False], ids=["source gone", "source alive"])
def test_sourced_at_the_parameters(make_nlp: Callable, is_gone: bool) -> None:
    """`source` in a config, and `spacy train`: it finds the pipeline that it is in now."""
    source = make_nlp(gradients="parameters", weighting=constant(ner=2.0))
    expected = make_nlp(weighting=constant(ner=2.0))
    nlp = sourced(source, spacy.blank("en").vocab)
    if is_gone:
        del source
    for pipeline in (nlp, expected):
        pipeline.update(make_examples(pipeline), sgd=False)
    assert_close(encoder_gradient(nlp), encoder_gradient(expected))
    assert nlp.get_pipe("mtl").nlp is nlp


def test_sourced_twice_at_the_parameters(make_nlp: Callable) -> None:
    """Into two pipelines that share a vocabulary: nobody can tell which trains."""
    source = make_nlp(gradients="parameters")
    vocab = spacy.blank("en").vocab
    pipelines = [sourced(source, vocab) for _ in range(2)]
    with pytest.raises(ValueError, match='sourced from another pipeline.*parameters" cannot work'):
        pipelines[0].update(make_examples(pipelines[0]), sgd=False)
    pipelines[0].get_pipe("mtl").initialize(lambda: make_examples(pipelines[0]), nlp=pipelines[0])
    pipelines[0].update(make_examples(pipelines[0]), sgd=False)


def test_averages_of_an_encoder_that_cannot_be_found(make_nlp: Callable) -> None:
    source = make_nlp(["ner"])
    mtl = source.get_pipe("mtl")
    nlp = sourced(source, spacy.blank("en").vocab)
    del source
    nlp.get_pipe("mtl").bind(nlp)
    averages = {(0, "W"): numpy.zeros(1)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        next(mtl.use_params(averages))
    mtl._pipeline.note_docs([spacy.blank("en").make_doc("old runs")])
    assert mtl.nlp is None
    with pytest.warns(UserWarning, match="cannot find its encoder.*use_averages = false"):
        next(mtl.use_params(averages))
