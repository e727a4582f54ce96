"""A row for each command of `spacy mtl`: how to run it on a tiny corpus, and with mistakes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional

import spacy
from short_training import config_of
from spacy.tokens import Doc, DocBin
from thinc.api import Config
from tiny_corpus import make_docs, make_examples
from tiny_pipelines import add_joint, inner
from training_logs import log_row, write_log

from spacy_mtl.encoder.openvino import is_installed

TAGGED = '{"text": "a b", "words": ["a", "b"], "spaces": [true, false], "tags": ["X", "Y"]}\n'


@dataclass(frozen=True)
class Row:
    """A command, run in the folder of `write_inputs`.

    works (str): Arguments with which it works. {new} stands for an output that doesn't exist.
    missing (Optional[str]): Arguments that name a file or pipeline that doesn't exist. None if it
        reads none.
    writes (Optional[str]): Arguments with {old}, an output of an earlier run. None if it writes
        none.
    old (str): The output of `write_inputs` for {old}.
    needs (bool): Whether what it needs is installed.
    """

    works: str
    missing: Optional[str] = None
    writes: Optional[str] = None
    old: str = "old.spacy"
    needs: bool = True


ROWS: Dict[str, Row] = {
    "add-label": Row(
        "pipeline tagger NEW -o {new}",
        "nowhere tagger NEW -o {new}",
        "pipeline tagger NEW -o {old}",
        old="old-pipeline",
    ),
    "add-task": Row(
        "adapted pos.cfg -o {new} --adapter --training.max_steps 2",
        "adapted pos.cfg -o {new} --freeze --corpora.dev.path nowhere.spacy",
        "adapted pos.cfg -o {old} --freeze",
        old="old-pipeline",
    ),
    "affinity": Row(
        "config.cfg --steps 4 --every 2",
        "config.cfg --corpora.train.path nowhere.spacy",
        "config.cfg --output {old}",
        old="old.json",
    ),
    "apply": Row(
        "pipeline texts.jsonl {new}",
        "pipeline nowhere.jsonl {new}",
        "pipeline texts.jsonl {old}",
        old="old-annotated",
    ),
    "calibrate": Row(
        "pipeline many.spacy -o {new}",
        "pipeline nowhere.spacy -o {new}",
        "pipeline many.spacy -o {old}",
        old="old-pipeline",
    ),
    "check": Row("pipeline", missing="nowhere"),
    "compare": Row(
        "config.cfg --output {new} --n-seeds 2",
        "config.cfg --output {new} --corpora.dev.path nowhere.spacy",
    ),
    "convert": Row("tagged.jsonl {new}.spacy", "nowhere.jsonl {new}.spacy", "tagged.jsonl {old}"),
    "debug-data": Row("config.cfg", missing="config.cfg --corpora.dev.path nowhere.spacy"),
    "evaluate": Row(
        "pipeline corpus.spacy",
        "pipeline nowhere.spacy",
        "pipeline corpus.spacy --output {old}",
        old="old.html",
    ),
    "init-config": Row(
        "{new}.cfg --train corpus.spacy --dev corpus.spacy --encoder encoder",
        "{new}.cfg --train nowhere.spacy --dev corpus.spacy",
        "{old} --train corpus.spacy --dev corpus.spacy",
        old="config.cfg",
    ),
    "list": Row("weightings"),
    "merge": Row(
        "adapted -o {new} --task tagger",
        "nowhere -o {new}",
        "adapted -o {old} --task tagger",
        old="old-pipeline",
    ),
    "quantize": Row(
        "pipeline {new} --data corpus.spacy --max-loss 100",
        "nowhere {new}",
        "pipeline {old} --data corpus.spacy --max-loss 100",
        old="old-pipeline",
        needs=is_installed(),
    ),
    "report": Row("logged -o {new}.html", "nowhere", "logged -o {old}", old="old.html"),
    "show": Row("pipeline", "nowhere", "pipeline --output {old}", old="old.svg"),
    "train": Row(
        "config.cfg --output {new}",
        "config.cfg --output {new} --corpora.dev.path nowhere.spacy",
        "config.cfg --output {old}",
        old="old-training",
    ),
}


def write_inputs(folder: Path, encoder: str) -> None:
    """Write the inputs and the earlier outputs of all rows."""
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(folder / "corpus.spacy")
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(folder / "old.spacy")
    (folder / "encoder").symlink_to(encoder)
    (folder / "tagged.jsonl").write_text(TAGGED)
    (folder / "texts.jsonl").write_text('{"text": "a b"}\n')
    (folder / "old-annotated").mkdir()
    (folder / "old-annotated" / "apply.json").write_text("{}")
    (folder / "old.svg").write_text("<svg/>")
    (folder / "old.html").write_text("<html></html>")
    (folder / "old.json").write_text("{}")
    (folder / "logged").mkdir()
    write_log(folder / "logged/log.jsonl", [log_row(step, ["tagger"]) for step in (0, 5)])
    docs = make_docs(spacy.blank("en")) * 40
    DocBin(docs=docs).to_disk(folder / "many.spacy")
    config = config_of("corpus.spacy", max_steps=1, eval_frequency=1)
    config.to_disk(folder / "config.cfg")
    pos = Config({"components": {"pos": {"factory": "mtl_tagger", "attribute": "pos"}}})
    pos["corpora"] = {key: {**config["corpora"][key]} for key in ("train", "dev")}
    for reader in pos["corpora"].values():
        reader["path"] = "pos.spacy"
    pos.to_disk(folder / "pos.cfg")
    docs = [Doc(doc.vocab, words=["a", "b"], pos=["NOUN", "VERB"]) for doc in docs[:4]]
    DocBin(docs=docs).to_disk(folder / "pos.spacy")
    nlp = spacy.blank("en")
    relations = {"@architectures": "spacy_mtl.TaskRelation.v1", "tok2vec": inner(encoder)}
    add_joint(nlp, inner(encoder), model=relations)
    for name in ("tagger", "textcat"):
        nlp.add_pipe(f"mtl_{name}", name=name)
    nlp.initialize(lambda: make_examples(nlp))
    (folder / "old-training").mkdir()
    adapted = spacy.blank("en")
    adapters = {"@architectures": "spacy_mtl.Adapters.v1", "tok2vec": inner(encoder)}
    add_joint(adapted, inner(encoder), model=adapters)
    adapted.add_pipe("mtl_tagger", name="tagger")
    adapted.initialize(lambda: make_examples(adapted))
    adapted.to_disk(folder / "adapted")
    for name in ("pipeline", "old-pipeline", "old-training/model-best"):
        nlp.to_disk(folder / name)
