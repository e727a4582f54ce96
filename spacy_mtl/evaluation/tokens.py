"""Tags, lemmas and other values of tokens, counted as spaCy's scorer does."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, Sequence, Tuple

from spacy.tokens import Token
from spacy.training import Example

from .label_counts import CountTable, LabelCounts
from .measure import Measure

#: Attributes with so many values that a table of them says nothing.
_OPEN = ("lemma", "morph")


@dataclass(frozen=True)
class TokenValues(Measure):
    """Values of tokens. Tokens without annotation don't count.

    attribute (str): Such as "tag", "morph" or "_.style".
    SOURCE: `spacy.scorer.Scorer.score_token_attr`.
    """

    attribute: str

    def count(self, examples: Sequence[Example]) -> LabelCounts:
        """RETURNS (LabelCounts): The counts: see `Measure`."""
        value = self._value()
        table = CountTable()
        for i, eg in enumerate(examples):
            gold = {(value(token), token.i) for token in eg.reference if value(token)}
            annotated = {place for _, place in gold}
            predicted = {(value(token), at) for token, at in _aligned(eg) if at in annotated}
            table.add_sets(i, predicted, gold)
        return table.finish(len(examples))

    def confusions(self, examples: Sequence[Example]) -> Dict[Tuple[str, str], int] | None:
        """Count what was predicted for what: see `Measure`.

        Tokens that don't match one token of the annotation are left out.
        """
        if self.attribute in _OPEN:
            return None
        value = self._value()
        found: Counter = Counter()
        for eg in examples:
            for token, place in _aligned(eg):
                gold = value(eg.reference[place])
                if gold:
                    found[gold, value(token)] += 1
        return dict(found)

    def _value(self) -> Callable[[Token], str]:
        """RETURNS (Callable[[Token], str]): Returns the value of a token; "" if it has none."""
        if self.attribute.startswith("_."):
            extension = self.attribute.removeprefix("_.")
            return lambda token: token._.get(extension) or ""
        if self.attribute == "morph":
            # Unlike its text, it tells no features from no annotation.
            return _morphology
        return lambda token: str(getattr(token, f"{self.attribute}_"))


def _aligned(eg: Example) -> Iterator[Tuple[Token, int]]:
    """YIELDS (Tuple[Token, int]): Words, each with the one gold token that it matches."""
    align: Any = eg.alignment.x2y
    for token in eg.predicted:
        if not token.orth_.isspace() and align.lengths[token.i] == 1:
            yield token, int(align[token.i][0])


def _morphology(token: Token) -> str:
    features: Any = token.morph
    return str(token.vocab.strings[features.key])
