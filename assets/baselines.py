"""Baselines without context, to show that the corpus needs more.

All take the lines of a split as `generate.py` writes them.
"""

import math
from collections import Counter, defaultdict
from typing import Any, Dict, List, Optional, Set, Tuple

Record = Dict[str, Any]
Counts = Dict[Any, "Counter[str]"]


def tag_errors(train: List[Record], test: List[Record]) -> Tuple[float, float]:
    """Tag every word with its most frequent tag in train.

    Unknown words are looked up in lower case; if that fails, they are NNP if capitalized, else
    NN.

    train (List[Record]): The texts to count tags in.
    test (List[Record]): The texts to tag.
    RETURNS (Tuple[float, float]): The share of wrong tags, 0 to 1, among all words and among
        the words that occur in train.
    """
    counts: Counts = defaultdict(Counter)
    for record in train:
        for word, tag in zip(record["words"], record["tags"], strict=True):
            counts[word][tag] += 1
            if not word.islower():
                counts[word.lower()][tag] += 1
    wrong, n_known, n_all = {True: 0, False: 0}, 0, 0
    for record in test:
        for word, tag in zip(record["words"], record["tags"], strict=True):
            seen = counts.get(word) or counts.get(word.lower())
            guess = seen.most_common(1)[0][0] if seen else "NN" if word.islower() else "NNP"
            wrong[bool(seen)] += guess != tag
            n_known += bool(seen)
            n_all += 1
    return sum(wrong.values()) / n_all, wrong[True] / n_known


def entity_lookup_f(train: List[Record], test: List[Record]) -> float:
    """Find the entities of train by longest match, ignoring case, with their most frequent label.

    Names that are more often not an entity are skipped.

    train (List[Record]): The texts to collect entities from.
    test (List[Record]): The texts to find them in.
    RETURNS (float): Micro-averaged F score of labeled spans, 0 to 1.
    """
    counts: Counts = defaultdict(Counter)
    for record in train:
        for start, end, label in record["ents"]:
            counts[_key(record, start, end)][label] += 1
    longest = max(len(key) for key in counts)
    for record in train:
        gold = {(start, end) for start, end, _ in record["ents"]}
        for start in range(len(record["words"])):
            for end in range(start + 1, min(start + longest, len(record["words"])) + 1):
                if (start, end) not in gold and _key(record, start, end) in counts:
                    counts[_key(record, start, end)]["no entity"] += 1
    n_right = n_guessed = n_gold = 0
    for record in test:
        guessed = _look_up(record, counts, longest)
        gold_spans = {tuple(ent) for ent in record["ents"]}
        n_right += len(guessed & gold_spans)
        n_guessed += len(guessed)
        n_gold += len(gold_spans)
    return 2 * n_right / (n_guessed + n_gold)


def category_accuracy(train: List[Record], test: List[Record]) -> float:
    """Classify by multinomial naive Bayes over lower-cased words, with add-one smoothing.

    train (List[Record]): The texts to count words in.
    test (List[Record]): The texts to classify.
    RETURNS (float): The share of correct categories, 0 to 1.
    """
    word_counts: Counts = defaultdict(Counter)
    prior: "Counter[str]" = Counter()
    for record in train:
        category = _category(record)
        prior[category] += 1
        word_counts[category].update(word.lower() for word in record["words"])
    vocab = {word for counts in word_counts.values() for word in counts}
    n_right = 0
    for record in test:
        scores = {}
        for category, counts in word_counts.items():
            total = counts.total() + len(vocab)
            words = [word.lower() for word in record["words"] if word.lower() in vocab]
            scores[category] = math.log(prior[category])
            scores[category] += sum(math.log((counts[word] + 1) / total) for word in words)
        n_right += max(scores, key=lambda label: scores[label]) == _category(record)
    return n_right / len(test)


def held_out_share(train: List[Record], test: List[Record]) -> float:
    """Count the mentions whose text is not an entity of any type in train.

    train (List[Record]): The texts to collect entities from.
    test (List[Record]): The texts with the mentions.
    RETURNS (float): Their share, 0 to 1.
    """
    known = {_key(record, start, end) for record in train for start, end, _ in record["ents"]}
    keys = [_key(record, start, end) for record in test for start, end, _ in record["ents"]]
    return sum(key not in known for key in keys) / len(keys)


def _look_up(record: Record, counts: Counts, longest: int) -> Set[Tuple[int, int, str]]:
    found: Set[Tuple[int, int, str]] = set()
    start, n_words = 0, len(record["words"])
    while start < n_words:
        label: Optional[str] = None
        for end in range(min(start + longest, n_words), start, -1):
            seen = counts.get(_key(record, start, end))
            if seen and seen.most_common(1)[0][0] != "no entity":
                label = seen.most_common(1)[0][0]
                break
        if label is None:
            start += 1
        else:
            found.add((start, end, label))
            start = end
    return found


def _key(record: Record, start: int, end: int) -> Tuple[str, ...]:
    return tuple(word.lower() for word in record["words"][start:end])


def _category(record: Record) -> str:
    return str(max(record["cats"], key=record["cats"].get))
