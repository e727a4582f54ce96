"""Generate the shipped corpus: short English texts with tags, entities and a category.

Usage: python generate.py [--out FOLDER] [--seed SEED]     write the corpus, print its figures
       python generate.py --stats [--out FOLDER]           only print the figures

The same seed gives the same bytes. Only needs the standard library.
"""

import argparse
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Set, Tuple

from baselines import category_accuracy, entity_lookup_f, held_out_share, tag_errors
from grammar import Dice, Grammar, Sentence, join

HERE = Path(__file__).parent
SEED = 7
SIZES = {"train": 1600, "dev": 250, "test": 250}
# How often dev and test use a held-out alternative if a rule has one. Train never does.
HELD_OUT = {"train": 0.0, "dev": 0.33, "test": 0.33}
CATEGORY_WEIGHTS = {
    "cooking": 1.0, "finance": 1.1, "health": 0.9, "sport": 1.05, "technology": 1.0,
    "travel": 1.15,
}  # fmt: skip
MIN_WORDS, MAX_WORDS = 7, 40

# The category is that of the request. The sentences around it may be about anything.
LAYOUTS = {
    ("ask",): 0.19,
    ("tell",): 0.1,
    ("plain",): 0.12,
    ("clause+ask",): 0.12,
    ("aside", "ask"): 0.1,
    ("aside", "tell"): 0.04,
    ("plain_aside", "plain"): 0.06,
    ("ask", "aside"): 0.06,
    ("plain", "aside"): 0.02,
    ("frame",): 0.09,
    ("aside", "frame"): 0.03,
    ("opening", "ask"): 0.04,
    ("opening", "frame"): 0.02,
    ("tell", "closing"): 0.04,
    ("opening", "plain_aside", "ask"): 0.02,
}
OWN_TOPIC = 0.3  # share of asides and clauses about the request's own category
NOISE = {"lower": 0.12, "typo": 0.1, "apostrophe": 0.3, "no_stop": 0.08}
OPEN_CLASS = ("NN", "NNS", "JJ", "RB", "VB", "VBD", "VBG", "VBN", "VBP", "VBZ")

Record = Dict[str, Any]


@dataclass
class Document:
    """The sentences of a document, its category, and its noise."""

    sentences: List[Sentence]
    category: str
    noise: List[str] = field(default_factory=list)

    def record(self, doc_id: str, categories: List[str]) -> Record:
        """Convert the document to a line of the file.

        doc_id (str): The identifier for `meta`.
        categories (List[str]): All categories, for `cats`.
        RETURNS (Record): The line.
        """
        words: List[str] = []
        spaces: List[bool] = []
        ents: List[Tuple[int, int, str]] = []
        starts: List[int] = []
        for sentence in self.sentences:
            offset = len(words)
            starts.append(offset)
            words.extend(sentence.words)
            spaces.extend([*sentence.spaces()[:-1], True])
            ents.extend(
                (start + offset, end + offset, label) for start, end, label in sentence.ents
            )
        spaces[-1] = False
        return {
            "text": join(words, spaces),
            "words": words,
            "spaces": spaces,
            "tags": [tag for sentence in self.sentences for tag in sentence.tags],
            "pos": [pos for sentence in self.sentences for pos in sentence.pos],
            "ents": ents,
            "cats": {label: float(label == self.category) for label in categories},
            "meta": {"id": doc_id, "sent_starts": starts, "noise": self.noise},
        }


def build_corpus(seed: int) -> Dict[str, List[Record]]:
    """Draw all three splits without repeating a sentence.

    seed (int): The same seed gives the same corpus.
    RETURNS (Dict[str, List[Record]]): The lines of each split.
    """
    grammar = Grammar(HERE / "rules")
    seen: Set[str] = set()
    corpus: Dict[str, List[Record]] = {}
    for i, (split, size) in enumerate(SIZES.items()):
        dice = Dice(seed * len(SIZES) + i)
        corpus[split] = []
        while len(corpus[split]) < size:
            document = _draw_document(dice, grammar, HELD_OUT[split])
            keys = {sentence.text().casefold() for sentence in document.sentences}
            _add_noise(dice, document)
            keys |= {sentence.text().casefold() for sentence in document.sentences}
            n_words = sum(len(sentence.words) for sentence in document.sentences)
            if keys & seen or not MIN_WORDS <= n_words <= MAX_WORDS or _repeats_name(document):
                continue
            seen |= keys
            doc_id = f"{split}-{len(corpus[split]) + 1:04d}"
            corpus[split].append(document.record(doc_id, grammar.categories))
    return corpus


def write_corpus(corpus: Dict[str, List[Record]], folder: Path) -> None:
    """Write one JSONL file per split.

    corpus (Dict[str, List[Record]]): The lines of each split.
    folder (Path): The folder to write to, created if missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for split, records in corpus.items():
        lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
        (folder / f"{split}.jsonl").write_bytes("".join(lines).encode("utf8"))


def read_corpus(folder: Path) -> Dict[str, List[Record]]:
    """Read a corpus that `write_corpus` wrote.

    folder (Path): The folder with one file per split.
    RETURNS (Dict[str, List[Record]]): The lines of each split.
    """
    texts = {split: (folder / f"{split}.jsonl").read_text(encoding="utf8") for split in SIZES}
    return {
        split: [json.loads(line) for line in text.splitlines()] for split, text in texts.items()
    }


def format_stats(corpus: Dict[str, List[Record]]) -> str:
    """Describe sizes, label counts and the results of simple baselines.

    corpus (Dict[str, List[Record]]): The lines of each split.
    RETURNS (str): A text of several lines.
    """
    lines = []
    for split, records in corpus.items():
        labels = Counter(label for record in records for _, _, label in record["ents"])
        cats = Counter(max(record["cats"], key=record["cats"].get) for record in records)
        n_tags = len({tag for record in records for tag in record["tags"]})
        lines += [
            f"{split}: {len(records)} documents,"
            f" {sum(len(record['meta']['sent_starts']) for record in records)} sentences,"
            f" {sum(len(record['words']) for record in records)} tokens,"
            f" {labels.total()} entities, {n_tags} tags",
            f"  without entities {sum(not record['ents'] for record in records)},"
            f" with noise {sum(bool(record['meta']['noise']) for record in records)}",
            "  entities: " + ", ".join(f"{label} {n}" for label, n in sorted(labels.items())),
            "  categories: " + ", ".join(f"{label} {n}" for label, n in sorted(cats.items())),
        ]
    train = corpus["train"]
    lines.append("baselines, trained on train:")
    for split in ("dev", "test"):
        errors, known_errors = tag_errors(train, corpus[split])
        lines.append(
            f"  {split}: most frequent tag of the word wrong {errors:.1%}"
            f" ({known_errors:.1%} at words that train has);"
            f" entity lookup F {entity_lookup_f(train, corpus[split]):.1%};"
            f" bag-of-words category accuracy {category_accuracy(train, corpus[split]):.1%};"
            f" entity mentions that train lacks {held_out_share(train, corpus[split]):.1%}"
        )
    return "\n".join(lines)


def _draw_document(dice: Dice, grammar: Grammar, held_out: float) -> Document:
    category = dice.pick_weighted(CATEGORY_WEIGHTS)
    others = [label for label in grammar.categories if label != category]
    sentences = []
    for part in dice.pick_weighted(LAYOUTS):
        other = dice.pick(others)
        aside = category if dice.chance(OWN_TOPIC) else other
        starts = {
            "clause+ask": f"{{{aside}.clause}} , {{{category}.ask}}",
            "aside": f"{{{aside}.aside}}",
            "plain_aside": f"{{{aside}.plain_aside}}",
            **{name: f"{{{category}.{name}}}" for name in ("ask", "tell", "plain")},
        }
        start = starts.get(part, f"{{{part}}}")
        sentences.append(grammar.sentence(dice, start, category, other, held_out))
    return Document(sentences, category)


def _repeats_name(document: Document) -> bool:
    names = [
        word
        for sentence in document.sentences
        for start, end, _ in sentence.ents
        for word, pos in list(zip(sentence.words, sentence.pos, strict=True))[start:end]
        if pos == "PROPN" and word not in ("Dr.", "Mr.", "Ms.")
    ]
    return len(names) > len(set(names))


def _add_noise(dice: Dice, document: Document) -> None:
    """Add misspellings and lower case, as hurried writers do, without changing annotation."""
    last = document.sentences[-1]
    if dice.chance(NOISE["typo"]):
        places = [
            (sentence, i)
            for sentence in document.sentences
            for i, (word, tag) in enumerate(zip(sentence.words, sentence.tags, strict=True))
            if len(word) > 4 and word.isalpha() and word.islower() and tag in OPEN_CLASS
        ]
        if places:
            sentence, i = dice.pick(places)
            sentence.words[i] = _misspell(dice, sentence.words[i])
            document.noise.append("typo")
    if any("n't" in s.words for s in document.sentences) and dice.chance(NOISE["apostrophe"]):
        for sentence in document.sentences:
            sentence.words = ["nt" if word == "n't" else word for word in sentence.words]
        document.noise.append("apostrophe")
    if dice.chance(NOISE["no_stop"]) and last.tags[-1] == ".":
        for values in (last.words, last.tags, last.pos):
            values.pop()
        document.noise.append("no_stop")
    if dice.chance(NOISE["lower"]):
        for sentence in document.sentences:
            # Remove the period of "mr.", which spaCy's tokenizer would split off.
            sentence.words = [word.lower().rstrip(".") or word for word in sentence.words]
        document.noise.append("lower")


def _misspell(dice: Dice, word: str) -> str:
    i = dice.pick(range(1, len(word) - 1))
    kind = dice.pick(["swap", "drop", "double"])
    if kind == "swap" and word[i] != word[i + 1]:
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if kind == "double":
        return word[:i] + word[i - 1 :]
    return word[:i] + word[i + 1 :]


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=HERE / "corpus", help="the folder of the corpus"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--stats", action="store_true", help="only print the figures")
    args = parser.parse_args()
    if not args.stats:
        write_corpus(build_corpus(args.seed), args.out)
    print(format_stats(read_corpus(args.out)))


if __name__ == "__main__":
    main()
