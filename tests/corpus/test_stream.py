"""Corpora that are streamed."""

from itertools import islice
from pathlib import Path
from typing import Any, Dict, List

import pytest
from spacy.training.initialize import init_nlp
from spacy.training.loop import create_train_batches
from spacy.util import registry
from thinc.api import Config, fix_random_seed
from three_corpora import config_of, initialize

from spacy_mtl.corpus.example import CorpusExample
from spacy_mtl.corpus.stream import CorpusStream


@pytest.mark.parametrize("mixed", [False, True])
def test_streamed_corpora_are_not_held(
    paths: Dict[str, Path], monkeypatch: pytest.MonkeyPatch, mixed: bool
) -> None:
    """However long it runs, only the buffers and a batch are in memory."""
    alive: List[int] = [0]
    most: List[int] = [0]

    class Counted(CorpusExample):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            alive[0] += 1
            most[0] = max(most[0], alive[0])

        def __del__(self) -> None:
            alive[0] -= 1

    monkeypatch.setattr("spacy_mtl.corpus.corpus_set.CorpusExample", Counted)
    config = config_of(paths, -1, mixed, shuffle_buffer=4)
    nlp, reader, batcher = initialize(config)
    fix_random_seed(0)
    # Initialization keeps a few texts.
    most[0] = 0
    kept = alive[0]
    n_drawn = 0
    for _, (_, batch) in zip(range(300), create_train_batches(nlp, reader, batcher, -1)):
        n_drawn += len(batch)
    assert n_drawn == 1800
    # Three buffers of four, and the stock batchers' current and next batch of each corpus.
    assert most[0] - kept < 3 * 4 + 6 * 6


def test_variable_for_the_number_of_epochs(paths: Dict[str, Path]) -> None:
    config = config_of(paths)
    config["vars"] = {"epochs": -1}
    text = config.to_str().replace("max_epochs = 0", "max_epochs = ${vars.epochs}")
    nlp = init_nlp(Config().from_str(text, interpolate=False))
    reader = registry.resolve(nlp.config.interpolate()["corpora"])["train"]
    assert isinstance(reader(nlp), CorpusStream)
    # From the last text, which spaCy doesn't show.
    assert "LATE" in nlp.get_pipe("ner").labels  # type: ignore[attr-defined]


def test_stream_of_another_pipeline(paths: Dict[str, Path]) -> None:
    """A reader that switches to another pipeline gives documents of that one."""
    nlp, reader, batcher = initialize(config_of(paths, -1))
    other, _, _ = initialize(config_of(paths, -1))
    assert reader(nlp) is reader(nlp)
    for each in (nlp, other, nlp):
        (batch,) = islice(batcher(reader(each)), 1)
        assert {example.predicted.vocab for example in batch} == {each.vocab}
    assert reader.get_state()["mixer"]["step"] == 3
