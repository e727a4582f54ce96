"""The shared encoder's gradient is the weighted sum of those of the tasks."""

import itertools
import warnings
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy
import pytest
import spacy
from encoder_gradients import (
    assert_close,
    clear_gradient,
    descend,
    encoder_gradient,
    encoder_values,
)
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from tiny_corpus import make_docs, make_examples, strip
from tiny_pipelines import HEADS, constant, sourced

WEIGHTS = {"tagger": 0.5, "ner": 2.0, "textcat": 3.0}


def gradient_of(
    nlp: Language,
    examples: Sequence[Example],
    **kwargs: Any,
) -> numpy.ndarray:
    """The encoder's gradient after one update, from zero."""
    clear_gradient(nlp)
    nlp.update(examples, sgd=False, **kwargs)
    return encoder_gradient(nlp)


def assert_moved(nlp: Language, before: numpy.ndarray, gradient: numpy.ndarray) -> None:
    """The encoder took one step of `descend` along a gradient."""
    moved = before - encoder_values(nlp)
    error = numpy.linalg.norm(moved - gradient) / numpy.linalg.norm(gradient)
    # Float32 parameters of size 1 lose digits of a small step.
    assert error < 1e-3


def gold(nlp: Language, *kinds: str) -> List[Example]:
    """Examples that are annotated for some tasks only."""
    examples = []
    for doc in make_docs(nlp):
        kept = strip(doc, "tag" if "tagger" in kinds else "")
        if "ner" in kinds:
            spans = [Span(kept, e.start, e.end, e.label_) for e in doc.ents]
            kept.set_ents(spans, default="outside")
        if "textcat" in kinds:
            kept.cats = dict(doc.cats)
        words = [token.text for token in doc]
        spaces = [bool(token.whitespace_) for token in doc]
        examples.append(Example(Doc(nlp.vocab, words=words, spaces=spaces), kept))
    return examples


@pytest.mark.parametrize("order", list(itertools.permutations(HEADS)), ids="-".join)
def test_sum_in_any_order(make_nlp: Callable, encoder: Any, order: Tuple[str, ...]) -> None:
    nlp = make_nlp(order, encoder=encoder, weighting=constant(**WEIGHTS))
    expected = 0.0
    for task in HEADS:
        alone = gradient_of(nlp, gold(nlp, task))
        assert numpy.linalg.norm(alone) > 1e-8, task
        expected = expected + alone
    assert_close(gradient_of(nlp, gold(nlp, *HEADS)), expected)


def test_sum_with_a_cnn(make_nlp: Callable) -> None:
    test_sum_in_any_order(make_nlp, None, tuple(HEADS))


@pytest.mark.parametrize("present", [c for n in (1, 2) for c in itertools.combinations(HEADS, n)])
@pytest.mark.parametrize("last", list(HEADS))
def test_silent_tasks(
    make_nlp: Callable, encoder: Any, present: Tuple[str, ...], last: str
) -> None:
    order = [*[task for task in HEADS if task != last], last]
    nlp = make_nlp(order, encoder=encoder, weighting=constant(**WEIGHTS))
    expected = sum(gradient_of(nlp, gold(nlp, task)) for task in present)
    assert_close(gradient_of(nlp, gold(nlp, *present)), expected)


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
    with pytest.warns(UserWarning, match="'textcat' was updated after.*From now on"):
        gradient_of(nlp, gold(nlp, *HEADS))
    assert_close(gradient_of(nlp, gold(nlp, *HEADS)), expected)


def test_disabled_task(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    everything = gradient_of(nlp, gold(nlp, *HEADS))
    expected = gradient_of(nlp, gold(nlp, "tagger", "ner"))
    with nlp.select_pipes(disable=["textcat"]):
        assert_close(gradient_of(nlp, gold(nlp, *HEADS)), expected)
    assert_close(gradient_of(nlp, gold(nlp, *HEADS)), everything)


def test_last_task_excluded_by_hand(make_nlp: Callable, encoder: Any) -> None:
    """mtl cannot know of it: the step closes at finish_update, nothing is lost."""
    nlp = make_nlp(encoder=encoder)
    expected = gradient_of(nlp, gold(nlp, "tagger", "ner"))
    before = encoder_values(nlp)
    with (
        pytest.warns(UserWarning, match="one step later")
        if isinstance(encoder, str)
        else _no_warning()
    ):
        gradient_of(nlp, gold(nlp, *HEADS), exclude=["textcat"])
        nlp.get_pipe("mtl").finish_update(descend)
        if isinstance(encoder, str):
            nlp.get_pipe("transformer").finish_update(descend)
    assert_moved(nlp, before, expected)


def _no_warning() -> Any:
    return warnings.catch_warnings()


def test_late_step_uses_its_own_callback(make_nlp: Callable, encoder_dir: str) -> None:
    """A step that stays open is closed by the next update, with its own batch's graph."""
    nlp = make_nlp()
    first, second = gold(nlp, *HEADS)[:2], gold(nlp, *HEADS)[2:]
    expected = gradient_of(nlp, gold(nlp, "tagger", "ner")[:2]) + gradient_of(nlp, second)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gradient_of(nlp, first, exclude=["textcat"])
        nlp.update(second, sgd=False)
    assert_close(encoder_gradient(nlp), expected)


def test_two_updates_before_finish(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    examples = gold(nlp, *HEADS)
    expected = gradient_of(nlp, examples[:2]) + gradient_of(nlp, examples[2:])
    gradient_of(nlp, examples[:2])
    nlp.update(examples[2:], sgd=False)
    assert_close(encoder_gradient(nlp), expected)


def test_accumulated_gradients(make_nlp: Callable, encoder: Any) -> None:
    """accumulate_gradient = 3: each sub-batch is a step of its own, the optimizer runs once."""
    nlp = make_nlp(encoder=encoder)
    examples = gold(nlp, *HEADS)
    parts = [examples[:1], examples[1:2], examples[2:]]
    expected = sum(gradient_of(nlp, part) for part in parts)
    before = encoder_values(nlp)
    gradient_of(nlp, parts[0])
    for part in parts[1:]:
        nlp.update(part, sgd=False)
    for _, pipe in nlp.pipeline:
        pipe.finish_update(descend)
    assert_moved(nlp, before, expected)


def test_optimizer_in_update(make_nlp: Callable, encoder: Any) -> None:
    """nlp.update(sgd=...) steps the encoder one batch late, as in stock spaCy, and in full."""
    nlp = make_nlp(encoder=encoder)
    expected = gradient_of(nlp, gold(nlp, *HEADS))
    before = encoder_values(nlp)
    gradient_of(nlp, [])
    nlp.update(gold(nlp, *HEADS), sgd=descend)
    assert numpy.array_equal(encoder_values(nlp), before)
    nlp.update([Example(nlp.make_doc(""), nlp.make_doc(""))], sgd=descend)
    assert_moved(nlp, before, expected)


@pytest.mark.filterwarnings("ignore:The heads .* both set")
def test_one_forward_and_one_backward_pass_a_step(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp([*HEADS, "mtl_textcat_multilabel"], encoder=encoder)
    passes = []
    tok2vec = nlp.get_pipe("mtl").model.get_ref("tok2vec")
    inner = tok2vec._func

    def forward(model: Any, docs: Any, is_train: bool) -> Any:
        outputs, backprop = inner(model, docs, is_train)
        passes.append("forward")
        return outputs, lambda d_outputs: [passes.append("backward"), backprop(d_outputs)][1]

    tok2vec._func = forward
    gradient_of(nlp, gold(nlp, *HEADS))
    assert passes == ["forward", "backward"]


def test_weights_scale_rows(make_nlp: Callable, encoder: Any) -> None:
    plain = make_nlp(encoder=encoder)
    weighted = make_nlp(encoder=encoder, weighting=constant(ner=7.0))
    expected = 7.0 * gradient_of(plain, gold(plain, "ner"))
    assert_close(gradient_of(weighted, gold(weighted, "ner")), expected)


def test_losses_are_the_weighted_sum(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder, weighting=constant(**WEIGHTS))
    losses: Dict[str, float] = {}
    nlp.update(make_examples(nlp), sgd=False, losses=losses)
    nlp.update(make_examples(nlp), sgd=False, losses=losses)
    assert losses["mtl"] == pytest.approx(sum(WEIGHTS[task] * losses[task] for task in HEADS))


def test_stock_spacy_drops_the_gradient(encoder_dir: str) -> None:
    """The fault this package mends: a silent last listener gives the encoder exactly 0."""
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": encoder_dir}})
    nlp.add_pipe(
        "tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}}
    )
    ner = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 8,
        "maxout_pieces": 2,
        "use_upper": False,
        "tok2vec": listener,
    }
    nlp.add_pipe("ner", config={"model": ner})
    nlp.initialize(lambda: make_examples(nlp))
    # thinc's Softmax starts at zero: one step, so that the tagger has a gradient to send.
    sgd = nlp.create_optimizer()
    for _ in range(2):
        nlp.update(make_examples(nlp), sgd=sgd)
    module = nlp.get_pipe("transformer").model.transformer
    module.zero_grad()
    nlp.update(gold(nlp, "tagger"), sgd=False)
    assert all(p.grad is None or not p.grad.any() for p in module.parameters())
    nlp.update(gold(nlp, "tagger", "ner"), sgd=False)
    assert any(p.grad is not None and p.grad.any() for p in module.parameters())
