"""Check that two pipelines made the same predictions.

Usage: python same.py FIRST.spacy SECOND.spacy

Both are written by `spacy apply` for the same texts.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, Dict, List

import spacy
from spacy.tokens import Doc, DocBin


def predictions(doc: Doc) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): Everything that a pipeline of this package can predict."""
    return {
        "text": doc.text,
        "tags": [token.tag_ for token in doc],
        "pos": [token.pos_ for token in doc],
        "ents": [(ent.start, ent.end, ent.label_) for ent in doc.ents],
        "cats": doc.cats,
    }


def read(path: Path) -> List[Dict[str, Any]]:
    docs = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    return [predictions(doc) for doc in docs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    args = parser.parse_args()
    first, second = read(args.first), read(args.second)
    if len(first) != len(second):
        sys.exit(f"{args.first} has {len(first)} texts, {args.second} has {len(second)}.")
    if not any(doc["ents"] or doc["cats"] or any(doc["tags"]) for doc in first):
        sys.exit(f"{args.first} has no predictions.")
    for i, (a, b) in enumerate(zip(first, second)):
        different = [key for key in a if a[key] != b[key]]
        if different:
            sys.exit(f"Text {i} ({a['text'][:60]!r}) differs in {', '.join(different)}.")
    print(f"Identical predictions on {len(first)} texts: {args.first}, {args.second}")


if __name__ == "__main__":
    main()
