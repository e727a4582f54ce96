"""Schedules get losses and scores for as long as they are in use."""

import gc
import pickle
from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import registry
from three_corpora import KINDS, config_of
from tiny_corpus import make_docs
from tiny_pipelines import add_joint

from spacy_mtl.corpus.feedback import tell
from spacy_mtl.plain import as_schedule
from spacy_mtl.types import Schedule


class Watching(Schedule):
    needs_losses = needs_scores = True

    def __init__(self) -> None:
        self.seen: List[Dict[str, float]] = []

    def __call__(self, progress: Any) -> Dict[str, float]:
        return dict.fromkeys(progress.sizes, 1.0)

    def observe_losses(self, losses: Dict[str, float]) -> None:
        self.seen.append(losses)

    def observe_scores(self, scores: Dict[str, float]) -> None:
        self.seen.append(scores)


def test_reports_while_the_schedule_is_alive() -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    nlp.add_pipe("mtl_tagger", name="tagger")
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in make_docs(nlp)]
    nlp.initialize(lambda: examples)
    schedule = Watching()
    tell(nlp, schedule)
    nlp.update(examples, sgd=False)
    scores = nlp.evaluate(examples)
    assert [list(found) for found in schedule.seen] == [["tagger"], ["tagger"]]
    # A copy isn't part of this training.
    copy = pickle.loads(pickle.dumps(nlp))
    assert copy.evaluate(examples)["tag_acc"] == scores["tag_acc"]
    assert len(schedule.seen) == 2
    # Neither is the next training.
    seen = schedule.seen
    tell(nlp, as_schedule(lambda progress: {}))
    nlp.update(examples, sgd=False)
    nlp.evaluate(examples)
    assert len(seen) == 2
    # Nor is an evaluation after it has ended.
    tell(nlp, schedule)
    del schedule
    gc.collect()
    nlp.update(examples, sgd=False)
    nlp.evaluate(examples)
    assert len(seen) == 2


def test_each_pass_of_a_training() -> None:
    """It is told once per step, and wrappers added to `evaluate` in between stay."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    nlp.add_pipe("mtl_tagger", name="tagger")
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in make_docs(nlp)]
    nlp.initialize(lambda: examples)
    schedule, other = Watching(), Watching()
    tell(nlp, schedule)
    inner, n_calls = nlp.evaluate, [0]

    def counted(*args: Any, **kwargs: Any) -> Any:
        n_calls[0] += 1
        return inner(*args, **kwargs)

    nlp.evaluate = counted  # type: ignore[method-assign]
    tell(nlp, schedule)
    nlp.update(examples, sgd=False)
    nlp.evaluate(examples)
    assert n_calls == [1]
    assert len(schedule.seen) == 2
    # Two alternating trainings: each is told of its own steps.
    del nlp.evaluate
    for one in (other, schedule, other):
        tell(nlp, one)
        nlp.update(examples, sgd=False)
        nlp.evaluate(examples)
    assert len(schedule.seen) == 2 + 2
    assert len(other.seen) == 4


def test_losses_without_a_joint_component() -> None:
    """It is rejected every time."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger")
    schedule = Watching()
    for _ in range(2):
        with pytest.raises(ValueError, match="schedule Watching needs the losses.*factory 'mtl'"):
            tell(nlp, schedule)


def test_dynamic_schedules_get_losses_and_scores(paths: Dict[str, Path]) -> None:
    """They get the losses of every step and the scores of every evaluation in spaCy's loop."""
    seen: Dict[str, List[Any]] = {"losses": [], "scores": []}

    class Watching:
        def __call__(self, progress: Any) -> Dict[str, float]:
            return dict.fromkeys(progress.sizes, 1.0)

        def observe_losses(self, losses: Dict[str, float]) -> None:
            seen["losses"].append(losses)

        def observe_scores(self, scores: Dict[str, float]) -> None:
            seen["scores"].append(scores)

    registry.mtl_schedules("watching.v1", func=Watching)
    config = config_of(paths, -1, schedule={"@mtl_schedules": "watching.v1"})
    train(init_nlp(config))
    assert len(seen["losses"]) == 7
    assert all(set(losses) <= set(KINDS.values()) and losses for losses in seen["losses"])
    assert [set(scores) for scores in seen["scores"]] == [set(KINDS.values())] * 3
