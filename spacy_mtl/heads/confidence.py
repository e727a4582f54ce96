"""Where confidences are kept: custom extensions of spans, tokens and documents.

Values are in `doc.user_data` under spaCy's own keys, so they are saved with a document (by `DocBin`
with `store_user_data = True`) and follow it into `Span.as_doc` and `Doc.from_docs`.
"""

import re
from functools import partial
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from spacy.tokens import Doc, Span, Token

#: The extension of spans.
CONFIDENCE = "confidence"
#: Start token, end token (exclusive), label and probability of an entity.
Found = Tuple[int, int, str, float]


class Alternative(NamedTuple):
    """One of the most probable analyses of a text.

    probability (float): That all of it is right.
    entities (List[Tuple[int, int, str]]): Start token, end token (exclusive) and label of each.
    """

    probability: float
    entities: List[Tuple[int, int, str]]


def register_span_confidence() -> None:
    """Register `span._.confidence`, a number or None, unless it is registered.

    RAISES (ValueError): If another extension of this name can't be set.
    """
    _register(Span, CONFIDENCE, _get_confidence, setter=_set_confidence)


def register_token_confidence(name: str) -> None:
    """Register `token._.NAME`, a number or None, unless it is registered.

    name (str): The name, such as "tag_confidence".
    RAISES (ValueError): If another extension of this name can't be set.
    """
    _register(Token, name)


def register_n_best_entities(name: str) -> None:
    """Register `doc._.NAME`, a list of `Alternative`, best first, unless it is registered.

    name (str): The name: see `n_best_name`.
    """
    _register(Doc, name, partial(_get_entities, name=name))


def register_n_best_tags(name: str) -> None:
    """Register `doc._.NAME`, unless it is registered: for each token a list of tag and probability.

    name (str): The name: see `n_best_name`.
    """
    _register(Doc, name, partial(_get_tags, name=name))


def n_best_name(component: str) -> str:
    """RETURNS (str): The extension with the n best analyses of a component: "NAME_n_best"."""
    return re.sub(r"\W", "_", component) + "_n_best"


def set_span_confidences(doc: Doc, found: Iterable[Found]) -> None:
    """Set `span._.confidence` of entities.

    doc (Doc): The document.
    found (Iterable[Tuple[int, int, str, float]]): The entities.
    """
    data = _data_of(doc)
    for start, end, label, probability in found:
        last = doc[end - 1]
        key = ("._.", CONFIDENCE, doc[start].idx, last.idx + len(last))
        data[key] = {**data.get(key, {}), label: probability}


def set_token_confidences(doc: Doc, name: str, probabilities: Sequence[Optional[float]]) -> None:
    """Set the confidences of all tokens.

    doc (Doc): The document.
    name (str): The extension, such as "tag_confidence".
    probabilities (Sequence[Optional[float]]): One per token, or None. Shape: (n_tokens,).
    """
    starts = doc.to_array(["IDX"]).ravel().tolist() if len(doc) else []
    _data_of(doc).update(
        {("._.", name, start, None): value for start, value in zip(starts, probabilities)}
    )


def set_n_best(doc: Doc, name: str, found: List[Any]) -> None:
    """Set the n best analyses.

    doc (Doc): The document.
    name (str): The extension: see `n_best_name`.
    found (List[Any]): For entities `Alternative`s, for tags a list per token.
    """
    _data_of(doc)[("._.", name, None, None)] = found


def _register(kind: Any, name: str, getter: Any = None, setter: Any = None) -> None:
    if not kind.has_extension(name):
        how = {"getter": getter, "setter": setter} if getter else {"default": None}
        kind.set_extension(name, **how)
        return
    _, method, found, _ = kind.get_extension(name)
    # A `partial` does not equal another one.
    if method is None and getattr(found, "func", found) is getattr(getter, "func", getter):
        return
    raise ValueError(
        f"Confidences are set as '{kind.__name__.lower()}._.{name}', but another extension has "
        f"that name. Rename the other one, or call {kind.__name__}.remove_extension('{name}')."
    )


def _data_of(doc: Doc) -> Dict[Any, Any]:
    return doc.user_data


def _key_of(span: Span) -> Tuple[str, str, int, int]:
    return ("._.", CONFIDENCE, span.start_char, span.end_char)


def _get_confidence(span: Span) -> Optional[float]:
    # By label: entities and spans of several heads may have the same borders.
    found: Dict[str, float] = _data_of(span.doc).get(_key_of(span), {})
    return found.get(span.label_)


def _set_confidence(span: Span, value: Optional[float]) -> None:
    key, data = _key_of(span), _data_of(span.doc)
    data[key] = {**data.get(key, {}), span.label_: value}


def _get_entities(doc: Doc, *, name: str) -> List[Alternative]:
    # Saving turns tuples into lists and lists into tuples.
    found = _data_of(doc).get(("._.", name, None, None), ())
    return [
        Alternative(probability, [(start, end, label) for start, end, label in entities])
        for probability, entities in found
    ]


def _get_tags(doc: Doc, *, name: str) -> List[List[Tuple[str, float]]]:
    found = _data_of(doc).get(("._.", name, None, None), ())
    return [[(tag, probability) for tag, probability in best] for best in found]
