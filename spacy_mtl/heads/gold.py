"""Annotation of the reference, for the tokens of the prediction.

Both mostly have the same tokens. Then there is nothing to align, and no object to make for
each token; else spaCy aligns them.
"""

from typing import Any, Iterable, List, Optional, Sequence, Tuple

import numpy
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from ..types import TASKS_KEY

# What spaCy's arrays have in ENT_IOB.
_OUTSIDE = 2


def without_others(examples: Iterable[Example], task: str) -> List[Example]:
    """Take away annotation that is not for a task.

    examples (Iterable[Example]): Their gold may name its tasks: see `TASKS_KEY`.
    task (str): The name of the head.
    RETURNS (List[Example]): The same texts; without annotation, where they name others only.
    """
    return [
        eg
        if task in eg.reference.user_data.get(TASKS_KEY, (task,))
        else Example(eg.predicted, _bare(eg.reference))
        for eg in examples
    ]


def _bare(doc: Doc) -> Doc:
    words = [token.text for token in doc]
    return Doc(doc.vocab, words=words, spaces=[bool(token.whitespace_) for token in doc])


def aligned_strings(example: Example, attribute: str) -> List[Optional[str]]:
    """Find an attribute of each token.

    example (Example): With annotation.
    attribute (str): Such as "TAG".
    RETURNS (List[Optional[str]]): What `Example.get_aligned` gives: "" where there is no value,
        None where the tokens of the two do not match. Shape: (n_tokens,).
    """
    if not _has_same_tokens(example):
        return example.get_aligned(attribute, as_string=True)
    strings = example.reference.vocab.strings
    return [strings[value] for value in example.reference.to_array([attribute]).tolist()]


def aligned_values(example: Example, values: Sequence[str]) -> List[Optional[str]]:
    """Align values that the gold tokens have elsewhere: see `aligned_strings`.

    example (Example): The example.
    values (Sequence[str]): Of the gold tokens, "" where there is none.
    RETURNS (List[Optional[str]]): Of the predicted tokens; None where the tokens do not match,
        or several have more than one value. Shape: (n_tokens,).
    """
    if _has_same_tokens(example):
        return list(values)
    x2y, y2x = example.alignment.x2y, example.alignment.y2x
    found: List[Optional[str]] = []
    for i in range(len(example.predicted)):
        of_token = {values[j] for j in x2y[i].tolist()}
        is_whole = all(y2x.lengths[j] == 1 for j in x2y[i].tolist())
        found.append(next(iter(of_token)) if len(of_token) == 1 and is_whole else None)
    return found


def aligned_entities(example: Example) -> Tuple[Sequence[Span], List[Optional[str]]]:
    """Find the entities and the BILUO class of each token.

    example (Example): With annotation.
    RETURNS (Tuple[List[Span], List[Optional[str]]]): What `Example.get_aligned_ents_and_ner`
        gives: the entities that match tokens, and None where there is no annotation.
        Shape of the second: (n_tokens,).
    """
    gold = example.reference
    if not _has_same_tokens(example) or not gold.has_annotation("ENT_IOB"):
        return _aligned_by_spacy(example)
    iob = gold.to_array(["ENT_IOB"]).ravel()
    # Of the predicted document's vocabulary: that of the other may know of no spaces.
    is_space = example.predicted.to_array(["IS_SPACE"]).ravel()
    is_outside = (iob == _OUTSIDE) | (is_space > 0)
    classes: List[Optional[str]] = ["O" if outside else None for outside in is_outside.tolist()]
    for ent in gold.ents:
        classes[ent.start : ent.end] = _biluo(ent)
    return gold.ents, classes


def aligned_spans(example: Example, key: str) -> Tuple[Sequence[Span], List[Optional[str]]]:
    """Find the spans of a key and the BILUO class of each token.

    example (Example): With annotation, or without.
    key (str): Of `doc.spans`.
    RETURNS (Tuple[List[Span], List[Optional[str]]]): The spans that match tokens and overlap
        none before them, of the predicted document; and None for all tokens where the gold
        document does not have the key, and for those of spans that were left out. Shape of
        the second: (n_tokens,).
    """
    predicted, gold = example.predicted, example.reference
    classes: List[Optional[str]] = [None] * len(predicted)
    if key not in gold.spans:
        return [], classes
    kept: List[Span] = []
    classes = ["O"] * len(predicted)
    for span in gold.spans[key]:
        found: List[Any] = example.get_aligned_spans_y2x([span])
        aligned = found[0] if found else None
        tokens = example.alignment.y2x[span.start : span.end].tolist()
        is_free = aligned is not None and {*classes[aligned.start : aligned.end]} == {"O"}
        if aligned is None or not is_free:
            for i in tokens:
                # What another span says of a token stays.
                classes[i] = None if classes[i] == "O" else classes[i]
            continue
        kept.append(aligned)
        classes[aligned.start : aligned.end] = _biluo(aligned)
    return kept, classes


def fit_classes(doc: Doc, spans: Sequence[Span], classes: List[Optional[str]]) -> Optional[Span]:
    """Have no entity begin or end with whitespace of a document whose tokens are not the gold ones.

    doc (Doc): The predicted document.
    spans (Sequence[Span]): Its gold entities, aligned.
    classes (List[Optional[str]]): The BILUO class of each token. Changed in place.
    RETURNS (Optional[Span]): The first entity that is not taken as it is.
    """
    changed = None
    for span in spans:
        words = _words_of(span) if span.doc is doc else span
        if words is not span:
            changed = changed or span
            classes[span.start : span.end] = ["O"] * len(span)
            if words is not None:
                classes[words.start : words.end] = _biluo(words)
    return changed


def _biluo(span: Span) -> List[str]:
    inside = [f"I-{span.label_}"] * (len(span) - 2)
    whole = [f"B-{span.label_}", *inside, f"L-{span.label_}"]
    return whole if len(span) > 1 else [f"U-{span.label_}"]


def decided(example: Example, labels: Sequence[str]) -> Example:
    """Turn categories with values between into those that a text has or has not.

    example (Example): With categories from 0.0 to 1.0, or without.
    labels (Sequence[str]): The categories. Others are left alone.
    RETURNS (Example): The example; a new one where a value is neither 0.0 nor 1.0. From 0.5 on
        it counts as 1.0.
    """
    cats = example.reference.cats
    soft = [label for label in labels if cats.get(label, 0.0) not in (0.0, 1.0)]
    if not soft:
        return example
    gold = _copied(example.reference)
    gold.cats = {**cats, **{label: float(cats[label] >= 0.5) for label in soft}}
    return Example(example.predicted, gold)


def fit_to_words(example: Example, key: Optional[str]) -> Tuple[Example, List[Span]]:
    """Trim entities to their words.

    example (Example): With annotation, or without.
    key (Optional[str]): Of `doc.spans`; None for `doc.ents`.
    RETURNS (Tuple[Example, List[Span]]): The example, a new one where an entity begins or ends
        with whitespace, and the spans that were trimmed or, without a word or a label, left out.
    """
    gold = example.reference
    spans = gold.ents if key is None else gold.spans.get(key, ())
    fitted = [(span, _words_of(span)) for span in spans]
    changed = [span for span, words in fitted if words is not span]
    if not changed:
        return example, changed
    copied = _copied(gold)
    kept = [_moved(words, copied) for _, words in fitted if words is not None]
    if key is not None:
        copied.spans[key] = SpanGroup(copied, name=key, spans=kept)
    else:
        left = {i for span in changed for i in range(span.start, span.end)}
        left.difference_update(i for span in kept for i in range(span.start, span.end))
        cut = [copied[i : i + 1] for i in sorted(left)]
        copied.set_ents(kept, outside=cut, default="unmodified")
    return Example(example.predicted, copied), changed


def _copied(doc: Doc) -> Doc:
    # Doc.copy fails at a span without a token.
    parts = ["spans", "user_data", "user_data_keys", "user_data_values"]
    copied = Doc(doc.vocab).from_bytes(doc.to_bytes(exclude=parts), exclude=parts)
    copied.user_data = dict(doc.user_data)
    for key, group in doc.spans.items():
        spans = [_moved(span, copied) for span in group if len(span)]
        copied.spans[key] = SpanGroup(copied, name=group.name, attrs=dict(group.attrs), spans=spans)
    return copied


def _moved(span: Span, doc: Doc) -> Span:
    return Span(doc, span.start, span.end, span.label_, kb_id=span.kb_id_, span_id=span.id_)


def _words_of(span: Span) -> Optional[Span]:
    doc, start, end = span.doc, span.start, span.end
    while start < end and doc[start].text.isspace():
        start += 1
    while end > start and doc[end - 1].text.isspace():
        end -= 1
    if start == end or not span.label:
        return None
    if (start, end) == (span.start, span.end):
        return span
    return Span(doc, start, end, span.label_, kb_id=span.kb_id_, span_id=span.id_)


def _aligned_by_spacy(example: Example) -> Any:
    # Its type says that no class is None.
    return example.get_aligned_ents_and_ner()


def _has_same_tokens(example: Example) -> bool:
    predicted, gold = example.predicted, example.reference
    if len(predicted) != len(gold) or not len(gold):
        return False
    return numpy.array_equal(predicted.to_array(["ORTH"]), gold.to_array(["ORTH"]))
