"""Train with a logger, call loggers like spaCy, and read their files."""

import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import spacy
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.util import load_config
from tiny_corpus import make_docs, make_examples
from tiny_pipelines import constant

ROOT = Path(__file__).parent.parent.parent
OURS = "spacy_mtl.ConsoleLogger.v1"
TASKS = ["tagger", "ner", "textcat"]
SCORES = {"tag_acc": 0.5, "ents_f": 0.25, "cats_score": 0.75, "ents_per_type": {"PER": {"f": 1.0}}}


class Recorder:
    """A logger that records its calls."""

    def __init__(self) -> None:
        self.calls: List[Any] = []

    def __call__(self, nlp: Language, stdout: Any, stderr: Any) -> Tuple[Callable, Callable]:
        self.calls.append("setup")
        return self.calls.append, lambda: self.calls.append("finalize")


def make_info(losses: Dict[str, float], **changes: Any) -> Dict[str, Any]:
    info = {
        "epoch": 1,
        "step": 20,
        "score": 0.5,
        "other_scores": dict(SCORES),
        "losses": losses,
        "checkpoints": [(0.5, 20)],
        "seconds": 3,
        "words": 100,
    }
    return {**info, **changes}


def step(nlp: Language, losses: Dict[str, float], keep: Optional[str] = None) -> None:
    nlp.update(make_examples(nlp, keep), sgd=False, losses=losses)


def cells(line: str) -> List[str]:
    return line.split()


def read_lines(path: Path) -> List[Dict[str, Any]]:
    def reject(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    lines = path.read_text(encoding="utf8").splitlines()
    return [json.loads(line, parse_constant=reject) for line in lines]


def train_with(
    logger: Dict[str, Any],
    tmp_path: Path,
    encoder_dir: str,
    scheme: Optional[Dict[str, Any]] = None,
    **changes: Any,
) -> None:
    """Train configs/joint.cfg on the tiny corpus for 5 steps, with rows at 0, 2 and 4."""
    corpus = tmp_path / "corpus.spacy"
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(corpus)
    config = load_config(ROOT / "configs/joint.cfg", interpolate=False)
    config["paths"].update(train=str(corpus), dev=str(corpus))
    config["components"]["transformer"]["model"]["name"] = encoder_dir
    config["components"]["mtl"]["weighting"] = constant(ner=2.0, tagger=0.25)
    config["components"]["mtl"]["model"].update(scheme or {})
    config["training"].update(max_steps=4, eval_frequency=2, logger=logger, **changes)
    config.to_disk(tmp_path / "config.cfg")
    train(tmp_path / "config.cfg", tmp_path / "output")
