"""Corpora that don't fit the pipeline are rejected."""

from pathlib import Path
from typing import Dict

import pytest
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from three_corpora import (
    KINDS,
    SIZES,
    blocks_of,
    config_of,
    make_reader,
    with_heads,
)


def test_unknown_task(paths: Dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="'names' declares the task 'nre'.* are tagger, ner"):
        init_nlp(config_of(paths, corpora=blocks_of(paths, names={"tasks": ["nre"]})))


def test_task_that_no_corpus_annotates(paths: Dict[str, Path]) -> None:
    blocks = blocks_of(paths)
    del blocks["names"]
    with pytest.raises(ValueError, match="No corpus annotates the task 'ner'.*tags, topics"):
        init_nlp(config_of(paths, corpora=blocks))


def test_schedule_of_a_development_corpus(paths: Dict[str, Path]) -> None:
    config = config_of(paths)
    config["corpora"]["dev"]["schedule"] = {"@mtl_schedules": "spacy_mtl.Uniform.v1"}
    with pytest.raises(ValueError, match=r"\[corpora.dev.schedule\] would sample"):
        init_nlp(config)


def test_stock_component_that_would_learn_from_another(paths: Dict[str, Path]) -> None:
    """It ignores which tasks a corpus declares."""
    nlp = with_heads("tagger", "ner")
    nlp.add_pipe("ner", name="stock")
    blocks = {n: {"path": str(paths[n]), "tasks": [t]} for n, t in KINDS.items() if n != "topics"}
    blocks["topics"] = {"path": str(paths["topics"]), "tasks": ["stock", "ner"]}
    with pytest.raises(ValueError, match="'names' has entities for 'ner', and the stock .*'stock'"):
        next(iter(make_reader(blocks)(nlp)))
    blocks["names"]["tasks"] = ["ner", "stock"]
    next(iter(make_reader(blocks)(nlp)))


@pytest.mark.parametrize("factory", ["textcat", "senter", "spancat", "span_finder"])
def test_stock_component_that_reads_absence(paths: Dict[str, Path], factory: str) -> None:
    """It treats missing annotation as negative, so it must be declared or left out."""
    nlp = with_heads("tagger")
    nlp.add_pipe(factory)
    blocks = {"tags": {"path": str(paths["tags"]), "tasks": ["tagger"]}}
    with pytest.raises(ValueError, match=f"'tags' does not declare '{factory}'.*missing"):
        next(iter(make_reader(blocks)(nlp)))
    blocks["tags"]["tasks"] = ["tagger", factory]
    if factory == "textcat":
        nlp.initialize(lambda: make_reader(blocks)(nlp))
        # Development corpora aren't trained on, and frozen components don't train.
        blocks["tags"]["tasks"] = ["tagger"]
        assert nlp.evaluate(list(make_reader(blocks)(nlp)))["tag_acc"] is not None
        schedule = {"@mtl_schedules": "spacy_mtl.Uniform.v1"}
        with pytest.raises(ValueError, match="does not declare 'textcat'"):
            make_reader(blocks, schedule=schedule)(nlp)
        nlp.config["training"]["frozen_components"] = ["textcat"]
        nlp.config["training"]["batcher"]["@batchers"] = "spacy_mtl.CorpusBatcher.v1"
        assert len(list(make_reader(blocks, schedule=schedule)(nlp))) == SIZES["tags"]


def test_stock_component_of_several_labels(paths: Dict[str, Path]) -> None:
    """It skips missing annotation."""
    nlp = with_heads("tagger")
    nlp.add_pipe("textcat_multilabel")
    blocks = {n: {"path": str(paths[n]), "tasks": ["tagger"]} for n in ("tags", "names")}
    blocks["topics"] = {"path": str(paths["topics"]), "tasks": ["textcat_multilabel"]}
    nlp.initialize(lambda: make_reader(blocks)(nlp))
    examples = [eg for eg in make_reader(blocks)(nlp) if eg.corpus == "tags"]
    assert nlp.update(examples, sgd=False)["textcat_multilabel"] == 0


def test_sourced_pipeline_whose_batcher_knows_no_schedule(
    paths: Dict[str, Path], tmp_path: Path
) -> None:
    """Nothing is initialized, so it can't be wrapped in one that does."""
    config = config_of(paths)
    nlp = init_nlp(config)
    nlp.to_disk(tmp_path / "nlp")
    for name in nlp.component_names:
        config["components"][name] = {"source": str(tmp_path / "nlp")}
    stock = {"@batchers": "spacy.batch_by_sequence.v1", "size": 6}
    good, config["training"]["batcher"] = config["training"]["batcher"], stock
    with pytest.raises(ValueError, match="spacy.batch_by_sequence.v1, the batcher .* would ignore"):
        train(init_nlp(config))
    config["training"]["batcher"] = good
    train(init_nlp(config))
