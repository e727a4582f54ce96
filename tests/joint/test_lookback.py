"""Losses that are computed again after the optimizer's step."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Dict, List

import numpy
import pytest
import spacy
import srsly
from encoder_gradients import encoder_values
from encoders_by_place import build_at
from methods import block
from open_steps import open_step
from scheme_pipelines import build
from schemes import Row
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example
from stock_heads import with_stock
from tiny_corpus import make_examples
from tiny_pipelines import add_joint
from weighted_training import train

from spacy_mtl.joint.lookback import Lookback
from spacy_mtl.plain import as_weighting
from spacy_mtl.types import Combined


def _losses_of(nlp: Language, examples: List[Example]) -> Dict[str, float]:
    """The losses of a batch, by an update of a copy."""
    copied = spacy.blank("en")
    copied.config["nlp"] = nlp.config["nlp"]
    copied = spacy.util.load_model_from_config(nlp.config, auto_fill=True)
    copied.from_bytes(nlp.to_bytes(exclude=["mtl"]), exclude=["mtl"])
    copied.get_pipe("mtl").from_bytes(nlp.get_pipe("mtl").to_bytes(exclude=["weighting"]))
    losses: Dict[str, float] = {}
    copied.update(
        [Example(copied.make_doc(eg.reference.text), eg.reference) for eg in examples],
        sgd=False,
        losses=losses,
    )
    return losses


@pytest.mark.parametrize("heads", [("tagger", "ner", "textcat"), None], ids=["ours", "stock"])
def test_famo_computes_losses_again(make_nlp: Callable, encoder: Any, heads: Any) -> None:
    """After the optimizer's step, on the same batch: those that the batch has without a step."""
    weighting = block("FAMO", recompute=True)
    if heads is None:
        nlp = with_stock(encoder, weighting, ["tagger"])
    else:
        nlp = make_nlp(heads, encoder=encoder, weighting=weighting)
    mtl = nlp.get_pipe("mtl")
    seen: List[Dict[str, float]] = []
    observe = mtl.weighting.observe
    mtl.weighting.observe = lambda losses: [seen.append(dict(losses)), observe(losses)]
    optimizer = nlp.create_optimizer()
    examples = make_examples(nlp)
    nlp.update(examples[:2], sgd=False)
    assert not seen
    nlp.update(examples[:2], sgd=False)
    # The optimizer has not stepped: nothing to look at.
    assert not seen
    for _, pipe in nlp.pipeline:
        pipe.finish_update(optimizer)
    expected = _losses_of(nlp, examples[:2])
    values = encoder_values(nlp)
    nlp.update(examples[2:], sgd=False)
    assert numpy.array_equal(encoder_values(nlp), values)
    (found,) = seen
    if heads is None:
        n_tokens = sum(len(eg.reference) for eg in examples[:2])
        expected["tagger"] /= n_tokens
    assert found == pytest.approx({task: expected[task] for task in found}, rel=1e-4)
    assert set(found) == set(mtl.tasks)


def test_famo_in_the_next_batch_without_it(make_nlp: Callable) -> None:
    nlp = make_nlp(encoder=None, weighting=block("FAMO"))
    train(nlp, 3, nlp.create_optimizer())
    learned = nlp.get_pipe("mtl").weighting.get_state()["learned"]
    # Three steps: all, tags, entities. The textcat was seen once only.
    assert learned["textcat"][0] == 0


@pytest.mark.parametrize("kind", ["ner", "spancat"])
def test_famo_beside_a_task_that_cannot_be_computed_again(kind: str) -> None:
    """Its loss in the next batch counts."""
    nlp = spacy.blank("en")
    add_joint(nlp, None, weighting=block("FAMO", recompute=True))
    nlp.add_pipe("mtl_tagger", name="tagger")
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
    config = spacy.blank("en").get_factory_meta(kind).default_config["model"]
    nlp.add_pipe(kind, config={"model": {**config, "tok2vec": listener}})

    def examples() -> List[Example]:
        found = make_examples(nlp)
        for eg in found:
            eg.reference.spans["sc"] = [
                Span(eg.reference, i, i + 1, "X") for i in range(len(eg.reference))
            ]
        return found

    nlp.initialize(examples)
    optimizer = nlp.create_optimizer()
    optimizer.learn_rate = 0.01
    for _ in range(6):
        nlp.update(examples(), sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)
    learned = nlp.get_pipe("mtl").weighting.get_state()["learned"]
    assert set(learned) == {"tagger", kind}
    assert learned["tagger"][1] > 0
    assert learned[kind][1] > 0


def test_famo_with_the_optimizer_in_update(make_nlp: Callable) -> None:
    """`nlp.update(sgd=...)` steps the encoder a batch late: the next batch counts."""
    nlp = make_nlp(encoder=None, weighting=block("FAMO", recompute=True))
    optimizer = nlp.create_optimizer()
    for _ in range(5):
        nlp.update(make_examples(nlp), sgd=optimizer)
    learned = nlp.get_pipe("mtl").weighting.get_state()["learned"]
    assert all(state[1] >= 3 for state in learned.values())


def test_famo_and_a_head_that_was_removed(make_nlp: Callable, tmp_path: Path) -> None:
    nlp = make_nlp(encoder=None, weighting=block("FAMO", recompute=True))
    train(nlp, 1, nlp.create_optimizer())
    nlp.remove_pipe("tagger")
    nlp.to_disk(tmp_path)
    saved = nlp.get_pipe("mtl").weighting.get_state()
    losses = nlp.update(make_examples(nlp), sgd=False)
    assert set(losses) == {"mtl", "ner", "textcat"}
    learned = nlp.get_pipe("mtl").weighting.get_state()["learned"]
    assert learned["tagger"] == saved["learned"]["tagger"]
    assert learned["ner"] != saved["learned"]["ner"]
    loaded = spacy.load(tmp_path).get_pipe("mtl")
    assert repr(loaded.weighting.get_state()) == repr(saved)


@pytest.mark.parametrize("place", ["stock", "component", "inside"])
@pytest.mark.parametrize("scheme", ["HardSharing", "TaskAttention"])
def test_famo_and_an_empty_document(encoder_dir: str, place: str, scheme: str) -> None:
    nlp = build_at(encoder_dir, place, scheme, weighting=block("FAMO", recompute=True))
    nlp.initialize(lambda: make_examples(nlp))
    optimizer = nlp.create_optimizer()
    for _ in range(2):
        empty = Example(nlp.make_doc(""), nlp.make_doc(""))
        nlp.update([*make_examples(nlp), empty], sgd=optimizer)
    learned = nlp.get_pipe("mtl").weighting.get_state()["learned"]  # type: ignore[attr-defined]
    assert len(learned) == 3


def test_famo_and_a_head_that_was_renamed() -> None:
    nlp = build(Row("TaskAttention"), weighting=block("FAMO", recompute=True))
    optimizer = nlp.create_optimizer()
    nlp.update(make_examples(nlp), sgd=optimizer)
    nlp.rename_pipe("ner", "entities")
    losses = nlp.update(make_examples(nlp), sgd=optimizer)
    assert losses["entities"] > 0


def test_famo_and_a_head_that_has_an_encoder_of_its_own_since(make_nlp: Callable) -> None:
    """It is no longer a task, but its weight in the last step has had an effect on it, too."""
    nlp = make_nlp(encoder=None, weighting=block("FAMO", recompute=True))
    train(nlp, 1, nlp.create_optimizer())
    weighting = nlp.get_pipe("mtl").weighting
    seen: List[Any] = []
    weighting.observe = seen.append
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    losses = nlp.update(make_examples(nlp), sgd=False)
    assert [set(each) for each in seen] == [{"tagger", "ner", "textcat"}]
    assert losses["ner"] > 0


class Told:
    """A weighting that keeps what it is told after steps."""

    recompute = True

    def __init__(self) -> None:
        self.seen: List[Dict[str, float]] = []

    def __call__(self, losses: Dict[str, float], gradients: Any) -> Combined:
        return Combined(gradients.sum(axis=0), dict.fromkeys(losses, 1.0))

    def observe(self, losses: Dict[str, float]) -> None:
        self.seen.append(dict(losses))


def weigh(lookback: Lookback, **losses: float) -> None:
    lookback(losses, numpy.zeros((len(losses), 1), dtype="float32"))


def closed(lookback: Lookback, *tasks: str) -> None:
    step, _, _ = open_step(dict.fromkeys(tasks, 1))
    lookback.note_closed(step, tasks)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def lookback(told: Told) -> Lookback:
    return Lookback(as_weighting(told))


def test_losses_of_the_next_step_count_once(told: Told, lookback: Lookback) -> None:
    closed(lookback, "tagger", "ner")
    weigh(lookback, tagger=1.0, ner=2.0)
    # The optimizer has not stepped.
    assert told.seen == []
    lookback.note_applied()
    assert lookback.get_unobserved() == ["ner", "tagger"]
    weigh(lookback, tagger=3.0, textcat=4.0)
    weigh(lookback, tagger=5.0, ner=6.0)
    weigh(lookback, tagger=7.0, ner=8.0)
    assert told.seen == [{"tagger": 3.0}, {"ner": 6.0}]
    assert lookback.get_unobserved() == []


def test_steps_before_one_of_the_optimizer_count_together(told: Told, lookback: Lookback) -> None:
    closed(lookback, "tagger")
    closed(lookback, "ner")
    lookback.note_applied()
    weigh(lookback, tagger=1.0, ner=2.0)
    assert told.seen == [{"tagger": 1.0, "ner": 2.0}]


def test_without_a_pipeline_nothing_is_computed_again(told: Told, lookback: Lookback) -> None:
    around: Any = SimpleNamespace(nlp=None)
    closed(lookback, "tagger")
    lookback.look(around)
    lookback.note_applied()
    lookback.look(around)
    assert told.seen == []
    weigh(lookback, tagger=1.0)
    assert told.seen == [{"tagger": 1.0}]


def test_state_between_steps(told: Told, lookback: Lookback) -> None:
    closed(lookback, "tagger")
    # A step that the optimizer has not used yet is part of what a training goes on with.
    saved = lookback.get_unobserved()
    assert saved == ["tagger"]
    again = Lookback(as_weighting(told))
    again.set_unobserved(saved)
    weigh(again, tagger=1.0, ner=2.0)
    assert told.seen == [{"tagger": 1.0}]
    assert again.get_batch() is None


def test_batch_that_is_looked_at_again_is_saved(lookback: Lookback, told: Told) -> None:
    step, listeners, _ = open_step({"tagger": 1, "ner": 2})
    step.loss_divisors["ner"] = 5.0
    lookback.note_closed(step, ["ner"])
    lookback.note_applied()
    batch = lookback.get_batch()
    assert batch is not None
    again = Lookback(as_weighting(told))
    given: Any = listeners
    again.set_batch(srsly.msgpack_loads(srsly.msgpack_dumps(batch)), given, step.docs[0].vocab)
    assert again.get_batch() == batch
    assert batch["tasks"] == ["ner"]
    assert batch["divisors"] == {"ner": 5.0}
    assert batch["is_applied"] is True


def test_title_is_that_of_the_weighting(lookback: Lookback) -> None:
    assert lookback.title == "Told"
