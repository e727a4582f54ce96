"""What a task predicts, to compare two pipelines on the same texts."""

from dataclasses import dataclass
from typing import Any, Dict, Hashable, List, Sequence, Tuple

import numpy
from spacy.language import Language
from spacy.tokens import Doc, Span, Token

from ..tasks.stock import task_of
from ..tasks.task import Task

#: Attributes of tokens as text, and those whose values aren't.
_TEXTS = ("tag", "pos", "morph", "lemma", "dep", "ent_kb_id", "ent_id")
#: Extensions in which heads say how sure they are.
_CONFIDENCE, _TAG_CONFIDENCE = "confidence", "tag_confidence"


@dataclass(frozen=True)
class Alike:
    """By how much the predictions of two pipelines are the same.

    n (int): The number of predictions: tokens for tasks of tokens, texts for categories, and the
        entities or spans that one of the two has found.
    n_same (int): Those that are the same in both.
    is_exact (bool): Whether all are, and all scores of categories and confidences, to the bit.
    """

    n: int
    n_same: int
    is_exact: bool

    @property
    def share(self) -> float:
        """RETURNS (float): The share of predictions that are the same; 1 if there are none."""
        return self.n_same / self.n if self.n else 1.0


def compare_predictions(
    before: Language, first: Sequence[Doc], second: Sequence[Doc], name: str
) -> Alike:
    """Compare what a task has predicted in two pipelines.

    before (Language): The pipeline that has the task, with all its labels.
    first (Sequence[Doc]): Documents that this pipeline has annotated.
    second (Sequence[Doc]): The same texts, annotated by another that has the task, too.
    name (str): The name of the component.
    RETURNS (Alike): By how much they are the same. Labels of other tasks don't count.
    """
    task = task_of(before, name)
    pipe: Any = before.get_pipe(name)
    n = n_same = 0
    is_exact = True
    for doc, other in zip(first, second):
        one, two = _units(task, pipe, doc), _units(task, pipe, other)
        keys = one.keys() | two.keys()
        n += len(keys)
        n_same += sum(one.get(key) == two.get(key) for key in keys)
        is_exact = is_exact and one == two and _scores(task, doc) == _scores(task, other)
    return Alike(n, n_same, is_exact)


def _units(task: Task, pipe: Any, doc: Doc) -> Dict[Hashable, Any]:
    """RETURNS (Dict[Hashable, Any]): Each prediction by what it is about."""
    attributes = task.gold_attributes()
    found: Dict[Hashable, Any] = {}
    of_tokens = sorted(attributes - {"token.ent_iob", "token.ent_type"})
    of_tokens = [each for each in of_tokens if each.startswith("token.")]
    if of_tokens:
        values = [tuple(_of_token(token, each) for each in of_tokens) for token in doc]
        found.update(((("token", i), value) for i, value in enumerate(values)))
    if "doc.ents" in attributes and task.spans_key is None:
        own = set(task.labels)
        ents = [ent for ent in doc.ents if not own or ent.label_ in own]
        found.update(((("ent", *_place(ent)), True) for ent in ents))
    if "doc.spans" in attributes and task.spans_key is not None:
        spans = doc.spans.get(task.spans_key, [])
        found.update(((("span", *_place(span)), True) for span in spans))
    if "doc.cats" in attributes:
        found["cats"] = _decision(task, pipe, doc)
    return found


def _of_token(token: Token, attribute: str) -> Any:
    name = attribute.removeprefix("token.")
    if name.startswith("_."):
        return getattr(token._, name.removeprefix("_."))
    if name in _TEXTS:
        return str(getattr(token, name if name == "morph" else f"{name}_"))
    if name == "head":
        return token.head.i
    return getattr(token, name, None)


def _place(span: Span) -> Tuple[Any, ...]:
    return span.start, span.end, span.label_, span.kb_id_, span.id_


def _decision(task: Task, pipe: Any, doc: Doc) -> Any:
    """RETURNS (Any): The category, or those above the threshold if there can be several."""
    scores = {label: doc.cats[label] for label in task.labels if label in doc.cats}
    threshold = getattr(pipe, "threshold", None)
    if threshold is None:
        threshold = (getattr(pipe, "cfg", None) or {}).get("threshold", 0.5)
    # Only spaCy's component for independent categories supports missing values.
    if getattr(pipe, "multi_label", getattr(pipe, "support_missing_values", False)):
        return frozenset(label for label, score in scores.items() if score >= threshold)
    return max(scores, key=lambda label: scores[label], default=None)


def _scores(task: Task, doc: Doc) -> List[Any]:
    """RETURNS (List[Any]): The numbers beside the predictions. NaN is equal to itself."""
    attributes = task.gold_attributes()
    found: List[Any] = []
    if "doc.cats" in attributes:
        found += [(label, doc.cats.get(label)) for label in task.labels]
    if "doc.ents" in attributes and Span.has_extension(_CONFIDENCE):
        own = set(task.labels)
        found += [ent._.get(_CONFIDENCE) for ent in doc.ents if ent.label_ in own]
    if any(each.startswith("token.") for each in attributes):
        if Token.has_extension(_TAG_CONFIDENCE):
            found += [token._.get(_TAG_CONFIDENCE) for token in doc]
    if task.spans_key is not None and task.spans_key in doc.spans:
        scores = doc.spans[task.spans_key].attrs.get("scores")
        found += [] if scores is None else [numpy.asarray(scores).tobytes()]
    return [value if value == value else "nan" for value in found]
