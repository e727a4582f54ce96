"""Gold annotation aligned to the predicted tokens.

Usually both documents have the same tokens. Then nothing needs aligning, and no object is made
per token; otherwise spaCy aligns them.
"""

from typing import Any, List, Optional, Sequence, Tuple

import numpy
from spacy.tokens import Doc, Span
from spacy.training import Example

from .biluo import biluo_of

# The value of ENT_IOB in spaCy's arrays.
_OUTSIDE = 2


def aligned_strings(example: Example, attribute: str) -> List[Optional[str]]:
    """Get an attribute of each token.

    example (Example): An annotated example.
    attribute (str): For example "TAG".
    RETURNS (List[Optional[str]]): The same as `Example.get_aligned`: "" where there is no value,
        None where the tokens don't match. Shape: (n_tokens,).
    """
    if not _has_same_tokens(example):
        return example.get_aligned(attribute, as_string=True)
    strings = example.reference.vocab.strings
    return [strings[value] for value in example.reference.to_array([attribute]).tolist()]


def aligned_values(example: Example, values: Sequence[str]) -> List[Optional[str]]:
    """Align values that aren't stored in a built-in attribute: see `aligned_strings`.

    example (Example): The example.
    values (Sequence[str]): One value per gold token, "" where there is none.
    RETURNS (List[Optional[str]]): One value per predicted token; None where the tokens don't
        match or several gold tokens disagree. Shape: (n_tokens,).
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


def tags_of(doc: Doc, attribute: str) -> List[str]:
    """Get a tag of each token.

    doc (Doc): The document.
    attribute (str): "tag", "pos", or a custom extension such as "_.style".
    RETURNS (List[str]): The tags; "" where there is none. Shape: (n_tokens,).
    """
    if attribute.startswith("_."):
        name = attribute.removeprefix("_.")
        return [token._.get(name) or "" for token in doc]
    return [getattr(token, f"{attribute}_") for token in doc]


def aligned_tags(example: Example, attribute: str) -> List[Optional[str]]:
    """Get the gold tag of each predicted token.

    example (Example): The example.
    attribute (str): See `tags_of`.
    RETURNS (List[Optional[str]]): The tags; "" without annotation, None where the tokens don't
        match. Shape: (n_tokens,).
    """
    if attribute.startswith("_."):
        return aligned_values(example, tags_of(example.reference, attribute))
    return aligned_strings(example, attribute.upper())


def aligned_entities(example: Example) -> Tuple[Sequence[Span], List[Optional[str]]]:
    """Get the entities and the BILUO class of each token.

    example (Example): An annotated example.
    RETURNS (Tuple[List[Span], List[Optional[str]]]): The same as
        `Example.get_aligned_ents_and_ner`: the entities that match tokens, and the classes, None
        where there is no annotation. Shape of the second: (n_tokens,).
    """
    gold = example.reference
    if not _has_same_tokens(example) or not gold.has_annotation("ENT_IOB"):
        return _aligned_by_spacy(example)
    iob = gold.to_array(["ENT_IOB"]).ravel()
    # From the predicted document: the gold vocabulary may not set IS_SPACE.
    is_space = example.predicted.to_array(["IS_SPACE"]).ravel()
    is_outside = (iob == _OUTSIDE) | (is_space > 0)
    classes: List[Optional[str]] = ["O" if outside else None for outside in is_outside.tolist()]
    for ent in gold.ents:
        classes[ent.start : ent.end] = biluo_of(ent)
    return gold.ents, classes


def aligned_spans(example: Example, key: str) -> Tuple[Sequence[Span], List[Optional[str]]]:
    """Get the spans under a key and the BILUO class of each token.

    example (Example): An example, annotated or not.
    key (str): A key of `doc.spans`.
    RETURNS (Tuple[List[Span], List[Optional[str]]]): Spans of the predicted document that match
        tokens and don't overlap an earlier one; and the classes: None for every token if the
        gold document doesn't have the key, and for the tokens of spans that were left out.
        Shape of the second: (n_tokens,).
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
                # Keep the class that another span gave the token.
                classes[i] = None if classes[i] == "O" else classes[i]
            continue
        kept.append(aligned)
        classes[aligned.start : aligned.end] = biluo_of(aligned)
    return kept, classes


def _aligned_by_spacy(example: Example) -> Any:
    # spaCy's annotation wrongly says that no class is None.
    return example.get_aligned_ents_and_ner()


def _has_same_tokens(example: Example) -> bool:
    predicted, gold = example.predicted, example.reference
    if len(predicted) != len(gold) or not len(gold):
        return False
    return numpy.array_equal(predicted.to_array(["ORTH"]), gold.to_array(["ORTH"]))
