"""Complete the categories of documents: every label of the corpus in each of them."""

from typing import List, Optional, Sequence

from .checks import label_fault
from .document import SourceDoc
from .errors import ConversionError, show


def complete_cats(docs: Sequence[SourceDoc], labels: Optional[Sequence[str]] = None) -> None:
    """Give every document with categories all labels, 1.0 or 0.0 each.

    Documents without categories get none, and a document that came with scores
    (`cats`) keeps those: a label absent from them is missing, not negative.

    docs (Sequence[SourceDoc]): The documents of the whole corpus. Changes `cats`.
    labels (Optional[Sequence[str]]): All labels there are. By default those found.
    RAISES (ConversionError): If a label is not in `labels`, or `labels` is given
        and nothing has a category, or one of `labels` can be no label.
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
    """Split one field into the labels that it names.

    cell (str): The field.
    separator (Optional[str]): What stands between labels; None for one label.
    RETURNS (Optional[List[str]]): The labels. An empty field is no annotation
        where one label is expected, and "no label holds" where several may.
    RAISES (ConversionError): If the separator is empty.
    """
    if separator == "":
        raise ConversionError("multilabel is '', expected what stands between labels, like ;")
    if separator is None:
        return [cell.strip()] if cell.strip() else None
    return [label.strip() for label in cell.split(separator) if label.strip()]


def _labels_of(doc: SourceDoc) -> List[str]:
    return [*(doc.cats or {}), *(doc.categories or [])]


def _check_labels(docs: Sequence[SourceDoc], labels: Sequence[str], any_found: bool) -> None:
    if isinstance(labels, str) or not labels:
        raise ConversionError(f"labels is {show(labels)}, expected a list of one label or more")
    for label in labels:
        fault = label_fault(label) if isinstance(label, str) else "is no string"
        if fault:
            raise ConversionError(f"the label {show(label)} in labels {fault}. Mend the labels")
    if not any_found:
        raise ConversionError(
            f"labels are given ({', '.join(labels)}), but nothing in the input has a category. "
            "Leave the labels out, or say where the categories are"
        )
    for doc in docs:
        for label in _labels_of(doc):
            if label not in labels:
                raise ConversionError(
                    f"category '{label}' is not among the labels given: {', '.join(labels)}",
                    doc.path,
                    doc.line,
                )
