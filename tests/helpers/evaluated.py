"""Gold documents, and guesses that are partly right, for everything that spaCy scores."""

import random
from typing import Any, Dict, List, Optional, Sequence

import numpy
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example
from tiny_corpus import TEXTS

from spacy_mtl.tasks.scores import scores_by_task

FEATURES = ["Number=Sing", "Number=Plur|Case=Nom", ""]
STYLE = "evaluated_style"


def make(nlp: Language, i: int, seed: Optional[int] = None, prefixes: Sequence[str] = ("",)) -> Doc:
    """A text with all annotation: gold without a seed, otherwise partly guessed."""
    text, tags, _, cat = TEXTS[i % len(TEXTS)]
    rng = random.Random(i if seed is None else 1000 * seed + i)
    gold = random.Random(i)

    def pick(values: Sequence[Any]) -> Any:
        right = gold.choice(values)
        return right if seed is None or rng.random() < 0.6 else rng.choice(values)

    words = text.split()
    n = len(words)
    doc = Doc(
        nlp.vocab,
        words=words,
        tags=[tag if seed is None or rng.random() < 0.8 else "NN" for tag in tags.split()],
        pos=[pick(["NOUN", "VERB"]) for _ in words],
        morphs=[pick(FEATURES) for _ in words],
        lemmas=[pick([word.lower(), word.lower().rstrip("s")]) for word in words],
        heads=[max(0, j - pick([0, 1, 2])) if j else 0 for j in range(n)],
        deps=["ROOT", *(pick(["obj", "punct", "nsubj"]) for _ in words[1:])],
    )
    starts = [pick([True, False]) for _ in range(0, n - 1, 2)]
    found = [
        Span(doc, 2 * j, 2 * j + pick([1, 2]), label=pick(["PER", "LOC"]))
        for j, is_entity in enumerate(starts)
        if is_entity
    ]
    doc.set_ents(found, default="outside")
    doc.spans["sc"] = [*found, Span(doc, 0, n, label="A")]
    doc.spans["events"] = found
    doc.cats = {f"{prefix}{label}": float(label == cat) for prefix in prefixes for label in "ab"}
    if seed is not None:
        doc.cats = {label: round(rng.random(), 1) for label in doc.cats}
    for token in doc:
        token._.set(STYLE, pick(["upper", "lower"]))
    return doc


def examples_of(nlp: Language, n: int = 12, prefixes: Sequence[str] = ("",)) -> List[Example]:
    """Guesses and gold. Every fourth gold text has no annotation, every fifth lacks some."""
    found = []
    for i in range(n):
        gold = make(nlp, i, prefixes=prefixes)
        if i % 4 == 3:
            gold = Doc(nlp.vocab, words=[token.text for token in gold])
        elif i % 5 == 4:
            gold[0].tag_ = ""
            gold.set_ents(list(gold.ents), default="missing")
            gold.cats = {f"{prefix}a": 1.0 for prefix in prefixes}
        found.append(Example(make(nlp, i, seed=1, prefixes=prefixes), gold))
    return found


def spacy_scores(nlp: Language, examples: Sequence[Example]) -> Dict[str, float]:
    return scores_by_task(nlp, Scorer(nlp).score(list(examples)))


def subsets(n: int, n_subsets: int = 8) -> List[numpy.ndarray]:
    """Indices of documents: some twice, some not at all; all of them, and single ones."""
    rng = numpy.random.default_rng(0)
    drawn = [rng.integers(0, n, n) for _ in range(n_subsets)]
    return [numpy.arange(n), numpy.arange(1), *drawn]


def weights_of(indices: numpy.ndarray, n: int) -> numpy.ndarray:
    return numpy.bincount(indices, minlength=n)[None].astype("float64")
