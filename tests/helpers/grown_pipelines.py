"""A trained pipeline to which a task is added, and the config and texts of that task."""

import json
import re
from pathlib import Path
from typing import Any, Dict, List

import numpy
import spacy
from inside_pipelines import build, train
from spacy.cli._util import app
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from thinc.api import SGD, Config
from tiny_corpus import TEXTS, make_docs, make_examples
from tiny_pipelines import HEADS, add_joint
from training_steps import step
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command)

#: The config of a new head, with as little as possible.
CONFIG = """
[components]

[components.genre]
factory = "mtl_textcat"
prefix = "genre:"

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = "new.spacy"

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = "new.spacy"
"""
#: Options of a short training.
SHORT = ["--training.max_steps", "30", "--training.eval_frequency", "10"]
FAST = [*SHORT, "--training.optimizer.learn_rate", "0.02"]


def new_docs() -> List[Doc]:
    """Texts with categories of a new task, which single words decide, and nothing else."""
    nlp = spacy.blank("en")
    docs = []
    for text, *_ in TEXTS:
        for word in ("Rome", "Bo"):
            doc = Doc(nlp.vocab, words=[*text.split(), word])
            doc.cats = {f"genre:{each}": float(each == word) for each in ("Rome", "Bo")}
            docs.append(doc)
    return docs


def write_texts(folder: Path) -> None:
    """Write old.spacy, new.spacy and genre.cfg."""
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(folder / "old.spacy")
    DocBin(docs=new_docs()).to_disk(folder / "new.spacy")
    (folder / "genre.cfg").write_text(CONFIG, encoding="utf8")


def trained(
    title: str = "", tasks: Any = ("tagger", "ner", "textcat"), transformer: Any = None
) -> Language:
    """A pipeline that was trained a little: with a CNN, with a scheme around a narrow BERT, or
    with the stock component `transformer` around the encoder of a folder."""
    if title:
        nlp = build(title, list(tasks))
        train(nlp)
    else:
        nlp = spacy.blank("en")
        add_joint(nlp, transformer)
        for task in tasks:
            nlp.add_pipe(HEADS[task], name=task)
        nlp.initialize(lambda: make_examples(nlp))
        for _ in range(20):
            step(nlp, make_examples(nlp), SGD(0.1, use_averages=False))
    return nlp


def add_task(*args: str) -> Any:
    """Run the command."""
    return CliRunner().invoke(app, ["mtl", "add-task", *args], env={"COLUMNS": "300"})


def added(*args: str) -> Dict[str, Any]:
    """Run the command with --json, and return what it prints."""
    result = add_task(*args, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    found: Dict[str, Any] = json.loads(result.stdout)
    return found


def said(result: Any) -> str:
    """RETURNS (str): The output in one line, without colors."""
    return " ".join(re.sub("\x1b.*?m", "", result.output).split())


def given(text: str = CONFIG, **training: Any) -> Config:
    """RETURNS (Config): A config that is not interpolated."""
    config = Config().from_str(text, interpolate=False)
    return config.merge(Config({"training": training})) if training else config


def probabilities(nlp: Language, task: str) -> numpy.ndarray:
    """What a head gives to its students for the old texts."""
    docs = list(nlp.pipe(text for text, *_ in TEXTS))
    head: Any = nlp.get_pipe(task)
    return numpy.concatenate(head.give_targets(docs))
