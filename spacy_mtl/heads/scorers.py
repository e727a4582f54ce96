"""The heads' scorers: spaCy's, under spaCy's keys, on annotated examples only."""

from functools import partial
from typing import Any, Callable, Dict, Iterable, Optional

from spacy.scorer import Scorer, get_ner_prf
from spacy.training import Example

from ..registry import register
from .calibration_scores import error_of_categories, error_of_entities, error_of_tags

#: The scores of categories and their default weights.
CATS_SCORES: Dict[str, Optional[float]] = {
    "cats_score": 1.0,
    "cats_score_desc": None,
    "cats_micro_p": None,
    "cats_micro_r": None,
    "cats_micro_f": None,
    "cats_macro_p": None,
    "cats_macro_r": None,
    "cats_macro_f": None,
    "cats_macro_auc": None,
    "cats_f_per_type": None,
}


def score_tags(
    examples: Iterable[Example], *, attribute: str = "tag", ece: bool = False, **kwargs: Any
) -> Dict[str, Any]:
    """Score the attribute that the head sets, as "tag_acc", "pos_acc" or "EXTENSION_acc".

    Tokens without annotation don't count. With `ece`, the calibration error of the confidences is
    "tag_ece" and so on.
    """
    if ece:
        examples = list(examples)
        scores = score_tags(examples, attribute=attribute, **kwargs)
        return {**scores, **error_of_tags(examples, attribute)}
    if not attribute.startswith("_."):
        return Scorer.score_token_attr(examples, attribute, **kwargs)
    return Scorer.score_token_attr(
        examples,
        attribute.removeprefix("_."),
        getter=lambda token, name: token._.get(name) or "",
        missing_values={""},
        **kwargs,
    )


@register("scorers", "spacy_mtl.tagger_scorer.v1")
def make_tagger_scorer(ece: bool = False) -> Callable:
    """Create the scorer of tagging heads.

    ece (bool): Whether to add "tag_ece", the expected calibration error of confidences.
    """
    return partial(score_tags, ece=True) if ece else score_tags


def score_entities(
    examples: Iterable[Example],
    *,
    spans_key: Optional[str] = None,
    own_labels: Optional[Iterable[str]] = None,
    ece: bool = False,
    **kwargs: Any,
) -> Dict[str, Any]:
    """Score entities under spaCy's keys "ents_p", "ents_r", "ents_f", "ents_per_type".

    A `spans_key` such as "sc" gives "spans_sc_p" and so on. With `own_labels`, other entities
    don't count. Documents without entity annotation don't count. With `ece`, the calibration error
    of the confidences is "ents_ece" or "spans_sc_ece".
    """
    if ece:
        examples = list(examples)
        scores = score_entities(examples, spans_key=spans_key, own_labels=own_labels, **kwargs)
        return {**scores, **error_of_entities(examples, spans_key, own_labels)}
    if spans_key is None and own_labels is None:
        return get_ner_prf(examples, **kwargs)
    if spans_key is None:
        own = set(own_labels or ())
        return Scorer.score_spans(
            examples,
            "ents",
            getter=lambda doc, _: [ent for ent in doc.ents if ent.label_ in own],
            has_annotation=lambda doc: doc.has_annotation("ENT_IOB"),
            **kwargs,
        )
    return Scorer.score_spans(
        examples,
        f"spans_{spans_key}",
        getter=lambda doc, _: doc.spans.get(spans_key, []),
        has_annotation=lambda doc: spans_key in doc.spans,
        **kwargs,
    )


@register("scorers", "spacy_mtl.ner_scorer.v1")
def make_ner_scorer(ece: bool = False) -> Callable:
    """Create the scorer of entity heads.

    ece (bool): Whether to add "ents_ece", the expected calibration error of confidences.
    """
    return partial(score_entities, ece=True) if ece else score_entities


def score_cats(
    examples: Iterable[Example],
    *,
    multi_label: bool = True,
    labels: Iterable[str] = (),
    ece: bool = False,
    **kwargs: Any,
) -> Dict[str, Any]:
    """Score categories under spaCy's keys "cats_*". With `ece`, their calibration error, too.

    Documents without categories don't count. With exclusive categories, neither do
    those whose positive category isn't among the labels: it may belong to another
    head, and spaCy's scorer would take the first label as gold.
    """
    annotated = [eg for eg in examples if eg.reference.cats]
    if not multi_label:
        annotated = [eg for eg in annotated if any(map(eg.reference.cats.get, labels))]
    error = error_of_categories(annotated, labels, multi_label) if ece else {}
    if not annotated:
        return {**{key: None for key in CATS_SCORES}, **error}
    settings = {"multi_label": multi_label, "labels": labels, **kwargs}
    return {**Scorer.score_cats(annotated, "cats", **settings), **error}


@register("scorers", "spacy_mtl.textcat_scorer.v1")
def make_textcat_scorer(ece: bool = False) -> Callable:
    """Create the scorer of text classification heads.

    ece (bool): Whether to add "cats_ece", the expected calibration error of probabilities.
    """
    return partial(score_cats, ece=True) if ece else score_cats
