"""Training of a pipeline with the old tasks, and the settings of all trainings."""

import os
from pathlib import Path
from typing import Any, Dict, List

#: The steps of the trainings before a task or labels are added: 5.6 passes over the half of the
#: documents that has the old tasks, 2.8 over nearly all.
STEPS = 1200
OLD = ("tagger", "ner")


def training_settings(seed: int, steps: int) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): What [training] has beside spaCy's defaults."""
    rate = {"warmup_steps": max(1, steps // 10), "total_steps": steps, "initial_rate": 2e-4}
    batcher = {"@batchers": "spacy.batch_by_padded.v1", "size": 300, "buffer": 256}
    return {
        "seed": seed,
        "max_steps": steps,
        "eval_frequency": max(1, steps // 2),
        "patience": 0,
        "batcher": {**batcher, "discard_oversize": False},
        "optimizer": {
            "@optimizers": "Adam.v1",
            "learn_rate": {"@schedules": "warmup_linear.v1", **rate},
        },
    }


def trained(train: Path, dev: Path, encoder: str, seed: int, steps: int, output: Path) -> Path:
    """Train a pipeline with tags and entities, unless it is there.

    train (Path): The texts to train on.
    dev (Path): The texts that choose the best pipeline.
    encoder (str): Folder or hub name.
    seed (int): The seed.
    steps (int): The number of steps.
    output (Path): The folder of the training.
    RETURNS (Path): The folder of the best pipeline.
    """
    import spacy
    from spacy.training.initialize import init_nlp

    from spacy_mtl.train.loop import train as run

    if not (output / "model-best").is_dir():
        nlp = spacy.blank("en")
        inside = {
            "@architectures": "spacy_mtl.TransformerEncoder.v1",
            "name": encoder,
            "precision": "auto",
        }
        model = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": inside}
        nlp.add_pipe("mtl", config={"model": model})
        for name in OLD:
            nlp.add_pipe(f"mtl_{name}", name=name)
        config = nlp.config.copy()
        for split, path in (("train", train), ("dev", dev)):
            config["corpora"][split].update(path=str(path), gold_preproc=False)
        config["training"].update(training_settings(seed, steps))
        run(init_nlp(config), output)
    return output / "model-best"


def write_docs(docs: List[Any], path: Path) -> Path:
    """RETURNS (Path): The file with these documents. Another process may be reading it."""
    from spacy.tokens import DocBin

    part = path.with_suffix(f".{os.getpid()}.part")
    DocBin(docs=docs).to_disk(part)
    part.replace(path)
    return path


def read_docs(path: Path) -> List[Any]:
    """RETURNS (List[Doc]): The documents of a file."""
    import spacy
    from spacy.tokens import DocBin

    return list(DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))


def bare(doc: Any) -> Any:
    """RETURNS (Doc): The words and spaces of a document, without its annotation."""
    from spacy.tokens import Doc

    words = [token.text for token in doc]
    return Doc(doc.vocab, words=words, spaces=[bool(token.whitespace_) for token in doc])
