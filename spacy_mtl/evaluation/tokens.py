"""Count tags, lemmas and dependencies as spaCy's scorers do."""

from collections import Counter
from typing import Any, Callable, Dict, Iterator, Sequence, Set, Tuple

from spacy.tokens import Token
from spacy.training import Example

from .label_counts import MADE_UP, CountTable, LabelCounts

#: Dependencies that spaCy leaves out of the score.
_IGNORED = ("p", "punct")
#: Returns the value of a token; "" if it has none.
Value = Callable[[Token], str]


def value_of(attribute: str) -> Value:
    """Make a function that reads an attribute of tokens.

    attribute (str): Such as "tag", "morph" or "_.style".
    RETURNS (Value): The function.
    """
    if attribute.startswith("_."):
        name = attribute.removeprefix("_.")
        return lambda token: token._.get(name) or ""
    if attribute == "morph":
        # Unlike its text, it tells no features from no annotation.
        return _morphology
    return lambda token: str(getattr(token, f"{attribute}_"))


def count_tokens(examples: Sequence[Example], value: Value) -> LabelCounts:
    """Count values of tokens. Tokens without annotation don't count.

    examples (Sequence[Example]): Predicted and gold documents.
    value (Value): Returns the value of a token.
    RETURNS (LabelCounts): The counts.
    SOURCE: `spacy.scorer.Scorer.score_token_attr`.
    """
    table = CountTable()
    for i, eg in enumerate(examples):
        gold = {(value(token), token.i) for token in eg.reference if value(token)}
        annotated = {place for _, place in gold}
        predicted = {(value(token), place) for token, place in _aligned(eg) if place in annotated}
        table.add_sets(i, predicted, gold)
    return table.finish(len(examples))


def confused_tokens(examples: Sequence[Example], value: Value) -> Dict[Tuple[str, str], int]:
    """Count what was predicted for what.

    examples (Sequence[Example]): Predicted and gold documents.
    value (Value): Returns the value of a token.
    RETURNS (Dict[Tuple[str, str], int]): Numbers of tokens by gold and predicted value. Tokens
        that don't match one token of the annotation are left out.
    """
    found: Counter = Counter()
    for eg in examples:
        for token, place in _aligned(eg):
            gold = value(eg.reference[place])
            if gold:
                found[gold, value(token)] += 1
    return dict(found)


def count_dependencies(examples: Sequence[Example], *, labeled: bool) -> LabelCounts:
    """Count heads of tokens, with or without their labels. Punctuation is left out.

    Other than in spaCy, a token without annotation has no effect on other documents.

    examples (Sequence[Example]): Predicted and gold documents.
    labeled (bool): Whether labels count.
    RETURNS (LabelCounts): The counts, with the label "" if labels don't count.
    SOURCE: `spacy.scorer.Scorer.score_deps`.
    """
    table = CountTable()
    for i, eg in enumerate(examples):
        align = eg.alignment.x2y
        missing = {token.i for token in eg.reference if not token.dep}
        gold: Set[Tuple[str, Any]] = {
            (_dep(token) if labeled else "", (token.i, token.head.i))
            for token in eg.reference
            if token.dep and _dep(token) not in _IGNORED
        }
        predicted: Set[Tuple[str, Any]] = set()
        for token in eg.predicted:
            label = _dep(token)
            if token.orth_.isspace() or label in _IGNORED:
                continue
            place = int(align[token.i][0]) if align.lengths[token.i] == 1 else None
            if place in missing:
                continue
            head = token.head.i
            gold_head = int(align[head][0]) if align.lengths[head] == 1 else None
            label = label if labeled else ""
            if place is None or gold_head is None:
                table.add(i, label, MADE_UP)
            else:
                predicted.add((label, (place, gold_head)))
        table.add_sets(i, predicted, gold)
    return table.finish(len(examples))


def _aligned(eg: Example) -> Iterator[Tuple[Token, int]]:
    """YIELDS (Tuple[Token, int]): Words, each with the one gold token that it matches."""
    align: Any = eg.alignment.x2y
    for token in eg.predicted:
        if not token.orth_.isspace() and align.lengths[token.i] == 1:
            yield token, int(align[token.i][0])


def _morphology(token: Token) -> str:
    features: Any = token.morph
    return str(token.vocab.strings[features.key])


def _dep(token: Token) -> str:
    return token.vocab.strings.as_string(token.dep).lower()
