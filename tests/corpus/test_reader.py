"""Several corpora in one training, run by spaCy."""

import random
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import numpy
import pytest
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import create_train_batches, train
from thinc.api import fix_random_seed
from three_corpora import (
    KINDS,
    config_of,
    initialize,
    make_reader,
)

from spacy_mtl.types import TASKS_KEY


def test_no_corpora() -> None:
    with pytest.raises(ValueError, match="has no corpora"):
        make_reader({})


@pytest.mark.parametrize("max_epochs", [0, -1])
@pytest.mark.parametrize("mixed", [False, True])
def test_trains(paths: Dict[str, Path], max_epochs: int, mixed: bool) -> None:
    """In spaCy's own loop, with scores of every task on a development set of the same kind."""
    config = config_of(paths, max_epochs, mixed)
    config["training"].update(max_steps=60, eval_frequency=60)
    nlp = init_nlp(config)
    nlp, _ = train(nlp)
    scores = nlp.meta["performance"]
    assert scores["tag_acc"] > 0.8
    assert scores["ents_f"] > 0.9


def parameters(model: Any) -> List[numpy.ndarray]:
    return [node.get_param(n).copy() for node in model.walk() for n in node.param_names]


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_nothing_leaks(paths: Dict[str, Path], max_epochs: int) -> None:
    """A corpus only changes heads of its own tasks, even with Adam's momentum and weight decay."""
    nlp, reader, batcher = initialize(config_of(paths, max_epochs))
    optimizer = nlp.create_optimizer()
    optimizer.L2 = 0.1
    heads = {task: nlp.get_pipe(task).model for task in KINDS.values()}
    fix_random_seed(0)
    batches = create_train_batches(nlp, reader, batcher, max_epochs)
    moved: Dict[str, int] = Counter()
    for _, (_, batch) in zip(range(30), batches):
        before = {task: parameters(head) for task, head in heads.items()}
        nlp.update(batch, sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)
        for task, head in heads.items():
            pairs = list(zip(before[task], parameters(head)))
            same = all(numpy.array_equal(one, other) for one, other in pairs)
            assert same == (task not in batch[0].reference.user_data[TASKS_KEY])
            moved[task] += not same
    assert set(moved) == set(KINDS.values())


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_two_trainings_in_one_process(paths: Dict[str, Path], max_epochs: int) -> None:
    """When they alternate step by step, each gives the same results as alone."""

    def training() -> Iterator[List[Tuple[str, str]]]:
        nlp, reader, batcher = initialize(config_of(paths, max_epochs))
        batches = create_train_batches(nlp, reader, batcher, max_epochs)
        chance = random.Random(1).getstate()
        while True:
            # Both draw from this.
            random.setstate(chance)
            _, batch = next(batches)
            chance = random.getstate()
            yield [(example.corpus, example.reference.text) for example in batch]

    expected = list(islice(training(), 100))
    for found, of_other, alone in zip(training(), training(), expected):
        assert found == of_other == alone


def test_empty_development_corpus(paths: Dict[str, Path], tmp_path: Path) -> None:
    """Otherwise its scores would be missing silently."""
    DocBin(docs=[]).to_disk(tmp_path / "empty.spacy")
    config = config_of(paths)
    config["corpora"]["dev"]["corpora"]["names"]["path"] = str(tmp_path / "empty.spacy")
    with pytest.raises(ValueError, match="corpus 'names' has no texts.*corpora.dev.corpora.names"):
        train(init_nlp(config))
