"""Corpora of tasks with planted effects on a main task, for a tiny encoder.

Words have hidden classes. The main task tags them by class, and has few texts. The helpful one tags
the same classes by other names, in many texts. The harmful one has labels by chance, in many texts
that nothing can be learned from, and a large weight. The independent one has words of its own.
"""

import random
from pathlib import Path
from typing import Any, Dict, List, Sequence

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Token
from thinc.api import Config
from tiny_pipelines import CNN, add_joint, constant

MAIN, HELPFUL, HARMFUL, INDEPENDENT = TASKS = ("main", "helpful", "harmful", "independent")
N_CLASSES, N_WORDS, LENGTH = 4, 240, 8
#: The number of training texts of each task.
SIZES = {MAIN: 40, HELPFUL: 150, HARMFUL: 150, INDEPENDENT: 150}
N_TEST = 40


def write_corpora(folder: Path, seed: int = 0) -> Dict[str, Dict[str, Path]]:
    """Write the corpora of each task. RETURNS: Their files, by split and task."""
    nlp = spacy.blank("en")
    for task in TASKS:
        Token.set_extension(task, default=None, force=True)
    rng = random.Random(seed)
    hidden = {f"w{i}": rng.randrange(N_CLASSES) for i in range(N_WORDS)}
    own = {f"v{i}": rng.randrange(N_CLASSES) for i in range(N_WORDS)}
    found: Dict[str, Dict[str, Path]] = {"train": {}, "dev": {}}
    for task in TASKS:
        for split, n in (("train", SIZES[task]), ("dev", N_TEST)):
            classes = own if task == INDEPENDENT else hidden
            docs = [_make_doc(nlp, task, classes, rng) for _ in range(n)]
            found[split][task] = folder / f"{task}-{split}.spacy"
            DocBin(docs=docs, store_user_data=True).to_disk(found[split][task])
    return found


def _make_doc(nlp: Language, task: str, classes: Dict[str, int], rng: random.Random) -> Doc:
    words = rng.choices(list(classes), k=LENGTH)
    labels = [classes[word] for word in words]
    if task == HARMFUL:
        labels = [rng.randrange(N_CLASSES) for _ in words]
    doc = Doc(nlp.vocab, words=words)
    for token, label in zip(doc, labels):
        token._.set(task, f"{task}{label}")
    return doc


def planted_config(
    files: Dict[str, Dict[str, Path]], tasks: Sequence[str] = TASKS, steps: int = 100
) -> Config:
    """The config of a joint training on these tasks, each with a corpus of its own."""
    nlp = spacy.blank("en")
    encoder = {**CNN, "width": 8, "embed_size": 500, "window_size": 0, "depth": 1}
    encoder["subword_features"] = False
    weights = {HARMFUL: 20.0} if HARMFUL in tasks else {}
    add_joint(nlp, encoder, weighting=constant(**weights))
    for task in tasks:
        nlp.add_pipe("mtl_tagger", name=task, config={"attribute": f"_.{task}"})
    config: Any = Config(nlp.config).copy()
    config["paths"] = {"train": None, "dev": None, "vectors": None, "init_tok2vec": None}
    blocks: List[Any] = [
        {task: {"path": str(files[split][task]), "tasks": [task]} for task in tasks}
        for split in ("train", "dev")
    ]
    train, dev = ({"@readers": "spacy_mtl.MultiCorpus.v1", "corpora": each} for each in blocks)
    config["corpora"] = {
        "train": {**train, "schedule": {"@mtl_schedules": "spacy_mtl.Uniform.v1"}},
        "dev": dev,
    }
    config["training"].update(max_steps=steps, eval_frequency=10 * steps, max_epochs=0)
    config["training"].update(dropout=0.0, patience=0)
    config["training"]["optimizer"] = {
        "@optimizers": "Adam.v1",
        "use_averages": False,
        "learn_rate": 0.01,
    }
    config["training"]["batcher"] = {
        "@batchers": "spacy_mtl.CorpusBatcher.v1",
        "mixed": True,
        "batcher": {"@batchers": "spacy.batch_by_sequence.v1", "size": 16},
    }
    return config
