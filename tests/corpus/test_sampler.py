"""A sampler continues where it left off, and is found through its reader's examples."""

import gc
import pickle
import random
from pathlib import Path
from typing import Any, Dict, List
from weakref import ref

import pytest
from drawn_shares import SIZES, TASKS, make_schedule, sampler_of
from spacy.training.initialize import init_nlp
from spacy.util import registry
from thinc.api import fix_random_seed
from three_corpora import config_of

from spacy_mtl.corpus import sampler as samplers
from spacy_mtl.corpus.batcher import CorpusBatcher
from spacy_mtl.corpus.sampler import Sampler

SETTINGS: Dict[str, Dict[str, Any]] = {
    "ByLoss": {},
    "ByScore": {},
    "Bandit": {"target": "ner"},
    "Sequential": {
        "phases": [
            {"tasks": ["tagger"], "steps": 100},
            {"tasks": ["sentiment"], "epochs": 2},
            {"tasks": ["ner", "sentiment"]},
        ],
        "replay": 0.1,
    },
    "Weighted": {"shares": {"sst": 3, "ewt": 1}},
}


@pytest.mark.filterwarnings("ignore:The schedule never draws")
@pytest.mark.parametrize("name", SETTINGS)
def test_state(name: str) -> None:
    """Interrupted and continued equals uninterrupted."""

    def go_on(sampler: Sampler, n_steps: int) -> List[str]:
        drawn = []
        for step in range(n_steps):
            drawn.append(sampler.draw())
            sampler.note(drawn[-1], 100)
            if sampler.schedule.needs_losses:
                sampler.schedule.observe_losses({"ner": 1.0 / (1 + step), "tagger": 1.0})
            if sampler.schedule.needs_scores:
                sampler.schedule.observe_scores({"ner": step % 7, "tagger": 0.5})
        return drawn

    one = sampler_of(name, **SETTINGS[name])
    go_on(one, 150)
    state = one.get_state()
    fix_random_seed(1)
    expected = go_on(one, 100)
    other = sampler_of(name, **SETTINGS[name])
    other.set_state(state)
    fix_random_seed(1)
    assert go_on(other, 100) == expected


def test_corpora_that_have_changed() -> None:
    """A training can't continue with them."""
    state = sampler_of("Uniform").get_state()
    sizes = {**SIZES, "ewt": 7}
    sampler = Sampler(make_schedule("Uniform"), sizes, TASKS)
    with pytest.raises(ValueError, match=f"texts of 'ewt' {SIZES['ewt']}, now 7"):
        sampler.replay(state)


def readers_of(paths: Dict[str, Path], n_readers: int = 1) -> Any:
    """A pipeline, readers for its training, and one for the development corpus."""
    nlp = init_nlp(config_of(paths))
    block = nlp.config.interpolate()["corpora"]
    found = [registry.resolve(block)["train"] for _ in range(n_readers)]
    return nlp, *found, registry.resolve(block)["dev"]


def test_found_by_each_example(paths: Dict[str, Path]) -> None:
    """Even when listed and shuffled, whatever else has been read from the same files."""
    nlp, one, other, development = readers_of(paths, 2)
    of_one, of_other = list(one(nlp)), list(other(nlp))
    random.shuffle(of_one)
    (first,) = {samplers.sampler_of(example) for example in of_one}
    (second,) = {samplers.sampler_of(example) for example in of_other}
    assert first is not None
    assert second not in (None, first)
    assert {samplers.sampler_of(example) for example in development(nlp)} == {None}
    # The batcher of each uses its own sampler.
    next(CorpusBatcher(lambda examples: [list(examples)])(of_one))
    assert one.get_state()["mixer"]["step"] == 1
    assert other.get_state()["mixer"]["step"] == 0


def test_examples_are_enough(paths: Dict[str, Path]) -> None:
    """A sampler lives exactly as long as its reader or one of its examples."""
    nlp, reader, _ = readers_of(paths)
    examples = list(reader(nlp))
    sampler = ref(samplers.sampler_of(examples[0]))
    del reader
    gc.collect()
    batches = CorpusBatcher(lambda examples: [list(examples)])(examples)
    assert len({example.corpus for example in next(batches)}) == 1
    del examples, batches
    gc.collect()
    assert sampler() is None


def test_examples_take_nothing_along(paths: Dict[str, Path]) -> None:
    """For example to another process: neither sampler nor schedule, which aren't used there."""
    nlp, reader, _ = readers_of(paths)
    example = next(iter(reader(nlp)))
    copied = pickle.loads(pickle.dumps(example))
    assert copied.corpus == example.corpus
    assert samplers.sampler_of(example) is not None
    assert samplers.sampler_of(copied) is None
    with pytest.raises(ValueError, match="draws from corpora by a schedule"):
        next(CorpusBatcher(lambda examples: [list(examples)])([copied]))
