"""Print the scores of a pipeline by task, and a parsed text.

Usage: python show.py MODEL METRICS TEXT

METRICS is the output of `spacy evaluate --output`.
"""

import argparse
from pathlib import Path
from typing import Any, Dict, List, Tuple

import spacy
import srsly
from spacy.tokens import Doc
from wasabi import msg

# Task, measure, key of the score.
SCORES = [
    ("tags", "accuracy", "tag_acc"),
    ("coarse tags", "accuracy", "pos_acc"),
    ("entities", "F", "ents_f"),
    ("", "precision", "ents_p"),
    ("", "recall", "ents_r"),
    ("category", "macro F", "cats_macro_f"),
    ("", "micro F", "cats_micro_f"),
]


def score_rows(metrics: Dict[str, Any]) -> List[Tuple[str, str, str]]:
    """RETURNS (List[Tuple[str, str, str]]): Task, measure, and score in percent, if known."""
    found = [(task, what, metrics.get(key)) for task, what, key in SCORES]
    return [(task, what, f"{100 * score:.1f}") for task, what, score in found if score is not None]


def token_rows(doc: Doc) -> List[Tuple[str, str, str]]:
    """RETURNS (List[Tuple[str, str, str]]): Word, tag, entity tag in the BIO scheme."""
    return [
        (t.text, t.tag_ or t.pos_, f"{t.ent_iob_}-{t.ent_type_}" if t.ent_type_ else "")
        for t in doc
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model")
    parser.add_argument("metrics", type=Path)
    parser.add_argument("text")
    args = parser.parse_args()
    metrics = srsly.read_json(args.metrics)
    nlp = spacy.load(args.model)
    doc = nlp(args.text)
    msg.divider(f"{args.model} on test")
    msg.table(
        score_rows(metrics),
        header=("Task", "Measure", "Score"),
        aligns=("l", "l", "r"),
        divider=True,
    )
    msg.divider("a sentence")
    msg.table(token_rows(doc), header=("Word", "Tag", "Entity"), divider=True)
    print("Text:     ", doc.text)
    print("Entities: ", ", ".join(f"{ent.text} ({ent.label_})" for ent in doc.ents) or "none")
    best = sorted(doc.cats.items(), key=lambda item: -item[1])[:3]
    print("Category: ", ", ".join(f"{label} {score:.2f}" for label, score in best) or "none")


if __name__ == "__main__":
    main()
