"""Record trainings that draw corpora by a schedule, and one that was interrupted."""

import io
from pathlib import Path
from typing import Any, Dict, List

import spacy
from methods import block
from recorded_runs import OURS
from recording import Record, make_gold, numbers, parameters, summed_up
from short_training import config_of, set_corpora
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from tiny_corpus import strip
from tiny_pipelines import add_joint

from spacy_mtl.train.checkpoint import find_latest
from spacy_mtl.train.loop import train as train_on

SCHEDULES: Dict[str, Dict[str, Any]] = {
    "RoundRobin": {},
    "Uniform": {},
    "Proportional": {},
    "Temperature": {"temperature": 3.0},
    "Annealed": {
        "temperature": {"@schedules": "compounding.v1", "start": 1.0, "stop": 5.0, "compound": 1.1}
    },
    "Weighted": {"shares": {"tags": 2.0, "entities": 1.0, "categories": 0.5}},
    "Sequential": {
        "phases": [{"tasks": ["tagger"], "steps": 5}, {"tasks": ["ner", "textcat"]}],
        "replay": 0.2,
    },
    "ByLoss": {},
    "ByScore": {},
    "Bandit": {"target": "ner"},
}


def record_training(schedule: str, folder: Path, *, is_streamed: bool, mixed: bool) -> Record:
    """Train on three corpora by a schedule, and record the batches and the results.

    RETURNS (Record): "batches" as texts, "weights" as norms and digests, the final "scores".
    """
    blank = spacy.blank("en")
    for name, keep in (("tags", "tag"), ("entities", "ents"), ("categories", "cats")):
        docs = [strip(doc, keep) for doc in make_gold(blank)]
        docs = docs if name == "tags" else docs[:3]
        DocBin(docs=docs, store_user_data=False).to_disk(folder / f"{name}.spacy")
    DocBin(docs=make_gold(blank)).to_disk(folder / "dev.spacy")
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    for head, (factory, _) in OURS.items():
        nlp.add_pipe(factory, name=head)
    config = nlp.config.copy()
    tasks = {"tags": ["tagger"], "entities": ["ner"], "categories": ["textcat"]}
    config["corpora"] = {
        "train": {
            "@readers": "spacy_mtl.MultiCorpus.v1",
            "shuffle_buffer": 3,
            "schedule": {
                "@mtl_schedules": f"spacy_mtl.{schedule}.v1",
                **SCHEDULES[schedule],
            },
            "corpora": {
                name: {"path": str(folder / f"{name}.spacy"), "tasks": found}
                for name, found in tasks.items()
            },
        },
        "dev": {"@readers": "spacy.Corpus.v1", "path": str(folder / "dev.spacy")},
    }
    config["training"].update(
        {
            "max_epochs": -1 if is_streamed else 0,
            "max_steps": 24,
            "eval_frequency": 6,
            "seed": 3,
            "dropout": 0.0,
            "logger": {"@loggers": "spacy_mtl.ConsoleLogger.v1", "console_output": False},
            "batcher": {
                "@batchers": "spacy_mtl.CorpusBatcher.v1",
                "mixed": mixed,
                "batcher": {
                    "@batchers": "spacy.batch_by_sequence.v1",
                    "size": 2,
                },
            },
        }
    )
    trained = init_nlp(config)
    batches: List[str] = []
    update = trained.update

    def note(examples: Any, *args: Any, **settings: Any) -> Any:
        batches.append(" | ".join(eg.reference.text[:6] for eg in examples))
        return update(examples, *args, **settings)

    trained.update = note  # type: ignore[method-assign]
    stream = io.StringIO()
    train(trained, None, stdout=stream, stderr=stream)
    del trained.update
    dev = [Example(trained.make_doc(doc.text), doc) for doc in make_gold(trained)]
    scores = trained.evaluate(dev)
    scores.pop("speed")
    return {
        "batches": batches,
        "weights": summed_up(parameters(trained)),
        "scores": numbers(scores),
    }


def record_interrupted(folder: Path, *, checkpoint: bool = False) -> Record:
    """Train to the end with checkpoints, or resume from the checkpoint in a folder.

    The weighting looks back and the schedule streams corpora by their losses, so a checkpoint
    has a lot to keep.

    folder (Path): The working directory, for paths in the config.
    checkpoint (bool): Whether to resume.
    RETURNS (Record): "weights" as norms and digests.
    """
    if not checkpoint:
        blank = spacy.blank("en")
        DocBin(docs=[doc for _ in range(5) for doc in make_gold(blank)]).to_disk(
            folder / "corpus.spacy"
        )
        config = config_of("corpus.spacy", dropout=0.0)
        weighting = block("FAMO", recompute=True)
        config["components"]["mtl"]["weighting"] = weighting
        schedule = {"@mtl_schedules": "spacy_mtl.ByLoss.v1"}
        set_corpora(config, "corpus.spacy", schedule, mixed=False)
        config["training"]["max_epochs"] = -1
        nlp, found = init_nlp(config), None
    else:
        found = find_latest(folder)
        assert found is not None
        nlp = found.load_pipeline()
    stream = io.StringIO()
    train_on(nlp, folder, checkpoint=found, stdout=stream, stderr=stream)
    trained = spacy.load(folder / "model-last")
    return {"weights": summed_up(parameters(trained))}


def trainings() -> Dict[str, Dict[str, Any]]:
    """The settings of `record_training`, by name."""
    return {
        f"{schedule}, {stream}, {mix}": {
            "schedule": schedule,
            "is_streamed": stream == "streamed",
            "mixed": mix == "mixed",
        }
        for schedule in SCHEDULES
        for stream in ("streamed", "listed")
        for mix in ("one corpus a batch", "mixed")
    }
