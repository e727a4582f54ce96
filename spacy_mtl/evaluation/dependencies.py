"""Heads of tokens, counted as spaCy's scorer does."""

from dataclasses import dataclass
from typing import Any, Sequence, Set, Tuple

from spacy.tokens import Token
from spacy.training import Example

from .label_counts import MADE_UP, CountTable, LabelCounts
from .measure import Measure

#: Punctuation, which spaCy leaves out of the score.
_IGNORED = ("p", "punct")


@dataclass(frozen=True)
class Dependencies(Measure):
    """Heads of tokens. Punctuation is left out.

    Other than in spaCy, a token without annotation has no effect on other documents.

    labeled (bool): Whether labels count. Otherwise, the only label is "".
    SOURCE: `spacy.scorer.Scorer.score_deps`.
    """

    labeled: bool

    def count(self, examples: Sequence[Example]) -> LabelCounts:
        """RETURNS (LabelCounts): The counts: see `Measure`."""
        table = CountTable()
        for i, eg in enumerate(examples):
            gold: Set[Tuple[str, Any]] = {
                (self._label(token), (token.i, token.head.i))
                for token in eg.reference
                if token.dep and _name(token) not in _IGNORED
            }
            table.add_sets(i, self._predicted(i, eg, table), gold)
        return table.finish(len(examples))

    def _predicted(self, i: int, eg: Example, table: CountTable) -> Set[Tuple[str, Any]]:
        """Collect predictions. Those that match no gold token go to the table at once."""
        align: Any = eg.alignment.x2y
        missing = {token.i for token in eg.reference if not token.dep}
        found: Set[Tuple[str, Any]] = set()
        for token in eg.predicted:
            if token.orth_.isspace() or _name(token) in _IGNORED:
                continue
            places = [
                int(align[j][0]) if align.lengths[j] == 1 else None for j in (token.i, token.head.i)
            ]
            if places[0] in missing:
                continue
            if None in places:
                table.add(i, self._label(token), MADE_UP)
            else:
                found.add((self._label(token), tuple(places)))
        return found

    def _label(self, token: Token) -> str:
        return _name(token) if self.labeled else ""


def _name(token: Token) -> str:
    return token.vocab.strings.as_string(token.dep).lower()
