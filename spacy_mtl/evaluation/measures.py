"""Which scores a component has, and what they count."""

from typing import Any, Callable, Dict, List, Optional, Sequence

from spacy.language import Language
from spacy.pipeline import SpanFinder
from spacy.tokens import Doc
from spacy.training import Example

from ..heads.component import TaskHead
from ..tasks.scores import score_weights_of
from ..tasks.stock import task_of
from ..tasks.task import Task
from .categories import ExclusiveCategories, IndependentCategories
from .dependencies import Dependencies
from .measure import Measure
from .spans import Entities, Spans
from .tokens import TokenValues


def measures_of(nlp: Language, name: str) -> Dict[str, Optional[Measure]]:
    """List the scores of a component that count by default.

    nlp (Language): The pipeline.
    name (str): The component.
    RETURNS (Dict[str, Optional[Measure]]): What they count, by key, such as "topic_cats_score";
        None if we don't know.
    """
    prefix = task_of(nlp, name).score_prefix
    keys = main_weights_of(nlp, name)
    return {key: _measure(nlp, name, key.removeprefix(f"{prefix}_")) for key in keys}


def main_weights_of(nlp: Language, name: str) -> Dict[str, float]:
    """RETURNS (Dict[str, float]): The weights of a component's scores, without those of 0."""
    weights = score_weights_of(nlp, name)
    key = task_of(nlp, name).spans_key
    if key is not None:
        # spaCy's factories name the default key, whatever the component's.
        weights = {each.replace("spans_sc_", f"spans_{key}_", 1): w for each, w in weights.items()}
    return {key: weight for key, weight in weights.items() if weight}


def own_examples(nlp: Language, name: str, examples: Sequence[Example]) -> List[Example]:
    """Get what a component is scored on.

    nlp (Language): The pipeline.
    name (str): The component.
    examples (Sequence[Example]): Documents that it has annotated, with gold documents.
    RETURNS (List[Example]): The same texts, with this component's annotation.
    """
    pipe: Any = nlp.get_pipe(name)
    return pipe.scored_examples(examples) if isinstance(pipe, TaskHead) else list(examples)


def _measure(nlp: Language, name: str, key: str) -> Optional[Measure]:
    pipe: Any = nlp.get_pipe(name)
    task = task_of(nlp, name)
    if key == "cats_score":
        return _categories(pipe, task)
    if key in ("dep_las", "dep_uas"):
        return Dependencies(labeled=key == "dep_las")
    if key.endswith("_acc"):
        extension = getattr(pipe, "extension", None)
        return TokenValues(f"_.{extension}" if extension else key.removesuffix("_acc"))
    if key == "ents_f" and isinstance(task, TaskHead) and task.score_prefix:
        own = set(task.labels)
        return Spans(lambda doc: [e for e in doc.ents if e.label_ in own], _has("ENT_IOB"))
    if key == "ents_f":
        return Entities()
    if key == "sents_f":
        return Spans(lambda doc: doc.sents, _has("SENT_START"), labeled=False)
    if task.spans_key is not None and key == f"spans_{task.spans_key}_f":
        return Spans(
            lambda doc: doc.spans.get(task.spans_key, []),
            lambda doc: task.spans_key in doc.spans,
            allow_overlap=not isinstance(task, TaskHead),
            labeled=not isinstance(pipe, SpanFinder),
        )
    return None


def _categories(pipe: Any, task: Task) -> Measure:
    settings = getattr(pipe, "cfg", None) or {}
    is_ours = isinstance(task, TaskHead)
    # Only spaCy's component for independent categories supports missing values.
    multi_label = pipe.multi_label if is_ours else getattr(pipe, "support_missing_values", False)
    if multi_label:
        return IndependentCategories(task.labels, settings.get("threshold", 0.5))
    return ExclusiveCategories(task.labels, settings.get("positive_label"), skip_unknown=is_ours)


def _has(attribute: str) -> Callable[[Doc], bool]:
    return lambda doc: bool(doc.has_annotation(attribute))
