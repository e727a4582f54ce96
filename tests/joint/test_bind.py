"""How a joint component that was sourced learns which pipeline it is in now."""

from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
import spacy
from encoder_gradients import assert_close, encoder_gradient, encoder_values
from short_training import config_of
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from tiny_corpus import make_docs, make_examples
from tiny_pipelines import constant, sourced

import spacy_mtl.joint.pipeline
from spacy_mtl.joint.component import MultiTask


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """What the pipeline was searched for in memory, as the last resort."""
    found: List[str] = []
    search = spacy_mtl.joint.pipeline.find_pipeline

    def find_pipeline(component: Any, vocab: Any) -> Any:
        found.append(component.name)
        return search(component, vocab)

    monkeypatch.setattr(spacy_mtl.joint.pipeline, "find_pipeline", find_pipeline)
    return found


def step(nlp: Language) -> Any:
    nlp.update(make_examples(nlp), sgd=False)
    return encoder_gradient(nlp)


@pytest.mark.parametrize("is_bound", [True, False], ids=["bound", "found"])
@pytest.mark.parametrize("is_alive", [True, False], ids=["source alive", "source gone"])
def test_with_bind_nothing_is_searched(
    make_nlp: Callable, searches: List[str], is_bound: bool, is_alive: bool
) -> None:
    expected = step(make_nlp())
    source = make_nlp(gradients="parameters")
    nlp = sourced(source, spacy.blank("en").vocab)
    if not is_alive:
        del source
    mtl = nlp.get_pipe("mtl")
    assert mtl.nlp is not nlp
    if is_bound:
        mtl.bind(nlp)
        assert mtl.nlp is nlp
    assert_close(step(nlp), expected)
    step(nlp)
    assert mtl.nlp is nlp
    assert searches == ([] if is_bound else ["mtl"])


def test_bind_adopts_the_heads_that_spacy_does_not_link(make_nlp: Callable) -> None:
    """Those that are disabled while it links, in pipeline order."""
    nlp = make_nlp(encoder=None)
    mtl = nlp.get_pipe("mtl")
    for name in ("tagger", "textcat"):
        nlp.disable_pipe(name)
    nlp._link_components()
    assert mtl.tasks == ["ner"]
    mtl.bind(nlp)
    assert mtl.tasks == ["tagger", "ner", "textcat"]
    for listeners in mtl.listener_map.values():
        assert all(listener.is_served for listener in listeners)


def test_bind_to_a_pipeline_that_it_is_not_in(make_nlp: Callable) -> None:
    nlp, other = make_nlp(encoder=None), make_nlp(["ner"], encoder=None)
    mtl = nlp.get_pipe("mtl")
    mtl.bind(other)
    assert mtl.nlp is nlp
    assert mtl.tasks == ["tagger", "ner", "textcat"]


def test_bind_twice_changes_nothing(make_nlp: Callable) -> None:
    nlp = make_nlp(encoder=None)
    mtl = nlp.get_pipe("mtl")
    before = {task: list(listeners) for task, listeners in mtl.listener_map.items()}
    for _ in range(2):
        mtl.bind(nlp)
    assert mtl.listener_map == before


STOCK: Dict[str, Any] = {"@loggers": "spacy.ConsoleLogger.v3", "progress_bar": None}
OURS: Dict[str, Any] = {"@loggers": "spacy_mtl.ConsoleLogger.v1"}


def config_with_sources(folder: Path, logger: Dict[str, Any]) -> Any:
    """A training that goes on with all components of a pipeline, at the parameters."""
    nlp = spacy.blank("en")
    DocBin(docs=make_docs(nlp)).to_disk(folder / "corpus.spacy")
    config = config_of(str(folder / "corpus.spacy"), max_steps=3, eval_frequency=2)
    config["components"]["mtl"]["gradients"] = "parameters"
    config["components"]["mtl"]["weighting"] = constant(ner=2.0)
    trained = init_nlp(config)
    trained.to_disk(folder / "trained")
    source = {"source": str(folder / "trained")}
    config["components"] = {name: source for name in trained.pipe_names}
    config["training"]["logger"] = logger
    return config


@pytest.mark.parametrize("logger", [STOCK, OURS], ids=["stock", "ours"])
def test_training_that_goes_on_with_stock_reader(
    logger: Dict[str, Any], searches: List[str], tmp_path: Path
) -> None:
    """A stock logger does not bind, and nothing else that runs in `spacy train` does."""
    config = config_with_sources(tmp_path, logger)
    searches.clear()
    nlp = init_nlp(config)
    before = encoder_values(nlp)
    train(nlp)
    mtl = nlp.get_pipe("mtl")
    assert isinstance(mtl, MultiTask)
    assert mtl.nlp is nlp
    assert mtl.gradients == "parameters"
    assert (encoder_values(nlp) != before).any()
    assert searches == (["mtl"] if logger is STOCK else [])
