"""Labels and settings that don't match their model, and files of another head."""

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from cases import Case, Gives, Refused, check, name_of
from saved_heads import build, cfg, labels, put, same, swap, write
from spacy.language import Language

NER = ("ner", "another copy")


CASES = [
    Case("unchanged", lambda path: None, Gives(same)),
    # Labels and size.
    Case("one label missing", labels("PER"), Refused("1 labels (PER) make 5", "scores 9", *NER)),
    Case("one extra label", labels("PER", "LOC", "X"), Refused("make 13", "scores 9", *NER)),
    Case("no labels", labels(), Refused("0 labels (none)", "scores 9", *NER)),
    Case("labels of a string", cfg("ner", labels="PER"), Refused("'PER'", "list of strings", *NER)),
    Case("labels of a map", cfg("ner", labels={"PER": 1}), Refused("list of strings", *NER)),
    Case("labels of null", cfg("ner", labels=None), Refused("None", "list of strings", *NER)),
    Case(
        "labels that are numbers",
        labels(1, 2),
        Refused("has 1,", "must be non-empty strings", *NER),
    ),
    Case("a label of null", labels("PER", None), Refused("has None", *NER)),
    Case("an empty label", labels("PER", ""), Refused("''", "non-empty", *NER)),
    Case("a label twice", labels("PER", "PER"), Refused("'PER' more than once", *NER)),
    Case("no key labels", write("ner/cfg", b"{}"), Refused("'labels' is missing", "ner/cfg")),
    Case("one tag missing", cfg("tagger", labels=["NN"]), Refused("tagger", "scores 10")),
    Case("one category missing", cfg("textcat", labels=["a"]), Refused("textcat", "scores 2")),
    Case("one extra category", cfg("multi", labels=[*"pqrs"]), Refused("multi", "scores 3")),
    Case("a prefix of null", cfg("ner", score_prefix=None), Refused("'score_prefix' is None")),
    Case("a threshold of 2", cfg("multi", threshold=2), Refused("multi/cfg", "'threshold'", "2")),
    Case(
        "a threshold of NaN", cfg("multi", threshold=float("nan")), Refused("multi/cfg", "damaged")
    ),
    Case("a threshold of text", cfg("multi", threshold="x"), Refused("'threshold'", "'x'")),
    # Files of another head.
    Case("models swapped", swap("ner/model", "tagger/model"), Refused("tagger")),
    Case("models of texts swapped", swap("textcat/model", "multi/model"), Refused("scores 3")),
    Case("settings swapped", swap("textcat/cfg", "multi/cfg"), Refused("textcat", "scores 2")),
    Case("the encoder's model", put("ner/model", "mtl/model"), Refused("ner/model", "layer")),
    Case("a head's model in mtl", put("mtl/model", "ner/model"), Refused("mtl/model", "layer")),
    # Files.
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_on_disk(case: Case, copy: Path) -> None:
    case.given(copy)
    check(case, lambda _: spacy.load(copy))


def test_labels_go_with_their_model(nlp: Language, scratch: Language) -> None:
    """If the model is rejected, the head keeps its previous labels."""
    head: Any = scratch.get_pipe("ner")
    before = head.labels
    message = srsly.msgpack_loads(nlp.get_pipe("ner").to_bytes(exclude=["vocab"]))  # type: ignore[attr-defined]
    cfg = {**json.loads(message["cfg"]), "labels": ["OTHER"]}
    message.update(cfg=json.dumps(cfg), model=message["model"][:-10])
    with pytest.raises(ValueError, match="model of the component 'ner'"):
        head.from_bytes(srsly.msgpack_dumps(message))
    assert head.labels == before


def test_parts_loaded_separately(saved: Path) -> None:
    for first, second in (("cfg", "model"), ("model", "cfg")):
        ner: Any = build(initialize=False).get_pipe("ner")
        ner.from_disk(saved / "ner", exclude=["vocab", first])
        ner.from_disk(saved / "ner", exclude=["vocab", second])
        assert ner.labels == ("PER", "LOC")


def test_not_initialized_yet(tmp_path: Path) -> None:
    nlp = build(initialize=False)
    nlp.get_pipe("ner").add_label("PER")  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("ner").labels == ("PER",)  # type: ignore[attr-defined]
    assert nlp.from_bytes(nlp.to_bytes()).get_pipe("ner").labels == ("PER",)  # type: ignore[attr-defined]
