"""The raw files that the tutorial begins with."""

import random
from pathlib import Path

NAMES, PLACES = ["Ada", "Bo", "Mia", "Tom"], ["Rome", "Oslo", "Paris", "Lima"]
VERBS = ["visited", "left", "likes", "saw"]


def write_raw_files(folder: Path, n_texts: int = 80) -> None:
    """Write treebank.conllu, names.conll and reviews.csv, with so many texts each."""
    draw = random.Random(0)
    trees, sentences, reviews = [], [], ["text,label"]
    for _ in range(n_texts):
        name, verb, place = draw.choice(NAMES), draw.choice(VERBS), draw.choice(PLACES)
        tagged = [(name, "PROPN", "NNP"), (verb, "VERB", "VBD"), (place, "PROPN", "NNP")]
        rows = [f"{i}\t{w}\t_\t{pos}\t{tag}" for i, (w, pos, tag) in enumerate(tagged, start=1)]
        trees.append("".join(row + 5 * "\t_" + "\n" for row in rows))
        sentences.append(f"{name} B-PER\n{verb} O\n{place} B-LOC\n")
        is_good = draw.random() < 0.5
        reviews.append(
            f"{place} was {'great' if is_good else 'awful'},{'good' if is_good else 'bad'}"
        )
    (folder / "treebank.conllu").write_text("\n".join(trees) + "\n", encoding="utf8")
    (folder / "names.conll").write_text("\n".join(sentences), encoding="utf8")
    (folder / "reviews.csv").write_text("\n".join(reviews) + "\n", encoding="utf8")
