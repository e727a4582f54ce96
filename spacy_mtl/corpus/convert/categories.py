"""Complete the categories of documents, so that each has every label of the corpus."""

from typing import List, Optional, Sequence

from .checks import label_fault
from .document import SourceDoc
from .errors import ConversionError, show


def complete_cats(docs: Sequence[SourceDoc], labels: Optional[Sequence[str]] = None) -> None:
    """Give every document with categories all labels, each with 1.0 or 0.0.

    Documents without categories get none. Documents that came with scores (`cats`)
    keep them: absent labels are missing, not negative.

    docs (Sequence[SourceDoc]): The documents of the whole corpus. Changes `cats`.
    labels (Optional[Sequence[str]]): All labels. Defaults to those found.
    RAISES (ConversionError): If a label is not in `labels`, or `labels` is given but
        nothing has a category, or one of `labels` is invalid.
    """
    found = {label for doc in docs for label in _labels_of(doc)}
    if labels is not None:
        _check_labels(docs, labels, bool(found))
    all_labels = sorted(found) if labels is None else list(dict.fromkeys(labels))
    for doc in docs:
        if doc.categories is not None:
            held = set(doc.categories)
            doc.cats = {label: float(label in held) for label in all_labels}


def split_labels(cell: str, separator: Optional[str]) -> Optional[List[str]]:
    """Split a field into its labels.

    cell (str): The field.
    separator (Optional[str]): The separator between labels; None for a single label.
    RETURNS (Optional[List[str]]): The labels. An empty field is a missing annotation
        if a single label is expected, and "no label holds" otherwise.
    RAISES (ConversionError): If the separator is empty.
    """
    if separator == "":
        raise ConversionError("multilabel is '', expected a separator between labels, like ;")
    if separator is None:
        return [cell.strip()] if cell.strip() else None
    return [label.strip() for label in cell.split(separator) if label.strip()]


def _labels_of(doc: SourceDoc) -> List[str]:
    return [*(doc.cats or {}), *(doc.categories or [])]


def _check_labels(docs: Sequence[SourceDoc], labels: Sequence[str], any_found: bool) -> None:
    if isinstance(labels, str) or not labels:
        raise ConversionError(f"labels is {show(labels)}, expected a list of one label or more")
    for label in labels:
        fault = label_fault(label) if isinstance(label, str) else "is not a string"
        if fault:
            raise ConversionError(f"the label {show(label)} in labels {fault}. Fix the labels")
    if not any_found:
        raise ConversionError(
            f"labels are given ({', '.join(labels)}), but nothing in the input has a category. "
            "Leave out the labels, or specify where the categories are"
        )
    for doc in docs:
        for label in _labels_of(doc):
            if label not in labels:
                raise ConversionError(
                    f"category '{label}' is not among the labels given: {', '.join(labels)}",
                    doc.path,
                    doc.line,
                )
