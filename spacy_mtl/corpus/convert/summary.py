"""Summarize a converted file: documents, tokens, and how many have each annotation."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Counter as CounterType
from typing import Dict, List, Sequence

import numpy
from spacy.tokens import Doc

from .document import SourceDoc

TOKEN_ATTRS = {
    "tag": "TAG",
    "pos": "POS",
    "lemma": "LEMMA",
    "morph": "MORPH",
    "dep": "DEP",
    "ents": "ENT_IOB",
}


@dataclass
class Summary:
    """The counts of one output file.

    format (str): The format of the input.
    reason (str): Why this format was used.
    taken (List[str]): How the input was interpreted: columns, a header, a scheme.
    annotated_tokens (Dict[str, int]): Tokens with each annotation. For "ents" that
        includes those known to be outside of entities.
    ents (Counter[str]): Entities by label.
    cats (Counter[str]): Documents for which the label holds (0.5 and above).
    docs_with_cats (int): Documents with any category, whether it holds or not.
    docs_with_sents (int): Documents with sentence starts.
    left_out (Counter[str]): What could not be converted, and how often.
    """

    source: Path
    target: Path
    format: str = ""
    reason: str = ""
    taken: List[str] = field(default_factory=list)
    docs: int = 0
    tokens: int = 0
    annotated_tokens: Dict[str, int] = field(default_factory=dict)
    ents: CounterType[str] = field(default_factory=Counter)
    cats: CounterType[str] = field(default_factory=Counter)
    docs_with_cats: int = 0
    docs_with_sents: int = 0
    sents: int = 0
    left_out: CounterType[str] = field(default_factory=Counter)

    def rows(self) -> List[Sequence[str]]:
        """Format the counts as a table: what, how many, of how many.

        RETURNS (List[Sequence[str]]): The rows. Absent annotation is marked as missing.
        """
        of_tokens = f"of {self.tokens:,} tokens"
        of_docs = f"of {self.docs:,} documents"
        details = {"ents": f", {sum(self.ents.values()):,} entities, {_list_labels(self.ents)}"}
        rows: List[Sequence[str]] = [("documents", f"{self.docs:,}", "")]
        rows.append(("tokens", f"{self.tokens:,}", ""))
        for name, count in self.annotated_tokens.items():
            detail = of_tokens + details.get(name, "") if count else "missing"
            rows.append((name, f"{count:,}", detail))
        detail = f"{of_docs}, {self.sents:,} sentences" if self.docs_with_sents else "missing"
        rows.append(("sents", f"{self.docs_with_sents:,}", detail))
        detail = f"{of_docs}, {_list_labels(self.cats)}" if self.docs_with_cats else "missing"
        rows.append(("cats", f"{self.docs_with_cats:,}", detail))
        return rows


def _list_labels(counts: CounterType[str]) -> str:
    most = [label[:30] for label, _ in counts.most_common(6)]
    more = ", ..." if len(counts) > len(most) else ""
    return f"{len(counts)} labels: {', '.join(most)}{more}" if counts else "0 labels"


def summarize(
    docs: Sequence[Doc], sources: Sequence[SourceDoc], source: Path, target: Path
) -> Summary:
    """Count the annotation of documents.

    docs (Sequence[Doc]): The documents as written.
    sources (Sequence[SourceDoc]): The documents as read.
    source (Path): The input.
    target (Path): The output.
    RETURNS (Summary): The counts.
    """
    summary = Summary(source, target)
    counts = numpy.zeros(len(TOKEN_ATTRS), dtype="int64")
    for doc, source_doc in zip(docs, sources):
        summary.docs += 1
        summary.tokens += len(doc)
        counts += (doc.to_array(list(TOKEN_ATTRS.values())) != 0).sum(axis=0)
        summary.ents.update(ent.label_ for ent in doc.ents)
        if doc.cats:
            summary.docs_with_cats += 1
            summary.cats.update({label: int(value >= 0.5) for label, value in doc.cats.items()})
        # spaCy reports sentence starts for every document of one token.
        if source_doc.sent_starts is not None:
            summary.docs_with_sents += 1
            summary.sents += sum(1 for _ in doc.sents)
        summary.left_out.update(source_doc.left_out)
    summary.annotated_tokens = dict(zip(TOKEN_ATTRS, counts.tolist()))
    return summary
