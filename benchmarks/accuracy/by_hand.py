"""Train a run step by step, to measure something along the way."""

from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

from .runs import Run
from .training import config_of


def prepare(run: Run, encoder: str, work: Path) -> Tuple[Any, Dict[str, Any], Iterator[Any]]:
    """Prepare a training as `spacy train` does before its first step.

    run (Run): The run to train.
    encoder (str): Folder or hub name.
    work (Path): Folder for corpora and models.
    RETURNS (Tuple[Language, Dict[str, Any], Iterator]): The pipeline, the block [training],
        and batches of examples.
    """
    from spacy.schemas import ConfigSchemaTraining
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import create_train_batches
    from spacy.util import load_config, registry

    path, overrides = config_of(run, encoder, work)
    nlp = init_nlp(load_config(path, overrides=overrides, interpolate=False))
    config = nlp.config.interpolate()
    training = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    corpus = registry.resolve({"train": config["corpora"]["train"]})["train"]
    batches = create_train_batches(nlp, corpus, training["batcher"], 0)
    return nlp, training, (batch for _, batch in batches)


def take_step(nlp: Any, examples: List[Any], sgd: Any, drop: float) -> None:
    """Take a training step as `spacy train` does."""
    nlp.update(examples, sgd=False, drop=drop)
    for _, pipe in nlp.pipeline:
        pipe.finish_update(sgd)
