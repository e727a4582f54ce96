"""Whether corpora, pipeline and schedule fit, before training begins."""

from typing import Any, Dict, Iterable, Sequence

from spacy.language import Language
from spacy.pipeline import SentenceRecognizer, SpanCategorizer, TextCategorizer
from spacy.pipeline.span_finder import SpanFinder

from .annotation import kinds_of
from .spec import CorpusSpec

#: Stock components to which missing annotation says "nothing there", and a head to which not.
_READ_ABSENCE = {
    TextCategorizer: "mtl_textcat",
    SpanCategorizer: "mtl_ner",
    SpanFinder: "mtl_ner",
    SentenceRecognizer: "",
}


def check_tasks(nlp: Language, specs: Iterable[CorpusSpec]) -> None:
    """Refuse tasks that do not fit the pipeline.

    nlp (Language): The pipeline.
    specs (Iterable[CorpusSpec]): The corpora.
    RAISES (ValueError): If one declares a task that is no component's.
    """
    known = _tasks_of(nlp)
    for spec in specs:
        unknown = [task for task in spec.tasks if task not in known]
        if unknown:
            raise ValueError(
                f"The corpus '{spec.name}' declares the task '{unknown[0]}', but the tasks of "
                f"this pipeline are {', '.join(known) or 'none'}. Mend 'tasks' in {spec.block}, "
                "or [nlp.pipeline]."
            )


def check_stock(nlp: Language, specs: Iterable[CorpusSpec]) -> None:
    """Refuse corpora that teach stock components what they do not declare.

    nlp (Language): The pipeline.
    specs (Iterable[CorpusSpec]): The corpora that it is trained on.
    RAISES (ValueError): If one has annotation that such a component reads for another task, or
        has none, and the component reads that, too.
    """
    config = nlp.config.interpolate()
    resting = {*config["training"]["frozen_components"], *config["nlp"]["disabled"]}
    stock = {
        name: pipe
        for name, pipe in _tasks_of(nlp).items()
        # Heads of this package look at who is declared.
        if name not in resting and not hasattr(pipe, "has_gold")
    }
    for spec in specs:
        for name, pipe in stock.items():
            if name not in spec.tasks:
                _check_apart(nlp, spec, name)
                _check_absence(spec, name, pipe)


def check_complete(nlp: Language, specs: Sequence[CorpusSpec], untrained: Iterable[str]) -> None:
    """Refuse components that no corpus is for.

    nlp (Language): The pipeline.
    specs (Sequence[CorpusSpec]): The corpora.
    untrained (Iterable[str]): The components that are to be trained from the beginning.
    RAISES (ValueError): If no corpus declares one of them.
    """
    declared = {task for spec in specs for task in spec.tasks}
    for task in untrained:
        if task not in declared and nlp.get_pipe_meta(task).default_score_weights:
            names = [spec.name for spec in specs]
            raise ValueError(
                f"The task '{task}' is annotated by no corpus: none of {', '.join(names)} names "
                f"it in 'tasks'. Name it where its annotation is, such as in {specs[0].block}, or "
                "take it out of [nlp.pipeline]."
            )


def check_batcher(nlp: Language, batcher: str) -> None:
    """Refuse a batcher that does not go by the schedule.

    When a pipeline is initialised, it is put inside of one that does. But where all components
    are sourced nothing is initialised, and when training begins it is too late.

    nlp (Language): The pipeline.
    batcher (str): The one that goes by the schedule.
    RAISES (ValueError): If [training.batcher] is another.
    """
    found = nlp.config["training"]["batcher"].get("@batchers")
    if found != batcher:
        raise ValueError(
            f"[corpora.train.schedule] would be ignored by {found}, the batcher of this pipeline. "
            f'Set @batchers = "{batcher}" in [training.batcher], and move that to '
            "[training.batcher.batcher]."
        )


def check_development(nlp: Language) -> None:
    """Refuse a development corpus that is drawn by lot.

    nlp (Language): The pipeline.
    RAISES (ValueError): If it has a schedule.
    """
    config = nlp.config.interpolate()
    name = config["training"]["dev_corpus"]
    block: Any = config
    for key in name.split("."):
        block = block.get(key) if isinstance(block, dict) else None
    if not isinstance(block, dict) or block.get("@readers") != "spacy_mtl.MultiCorpus.v1":
        return
    if block.get("schedule"):
        raise ValueError(
            f"[{name}.schedule] would draw the texts that scores are made on by lot. Take it out: "
            "without, each comes once."
        )


def _tasks_of(nlp: Language) -> Dict[str, Any]:
    return {
        name: pipe
        for name, pipe in nlp.components
        # Encoders, and what listens to them for others, are no tasks.
        if getattr(pipe, "is_trainable", False) and not hasattr(pipe, "listening_components")
    }


def _check_absence(spec: CorpusSpec, name: str, pipe: Any) -> None:
    for kind, head in _READ_ABSENCE.items():
        # One of several labels has missing values, the other has not, and is its base class.
        if isinstance(pipe, kind) and not getattr(pipe, "support_missing_values", False):
            instead = f"take '{head}' in its place" if head else "train it in a pipeline of its own"
            raise ValueError(
                f"The corpus '{spec.name}' does not declare '{name}', a component of spaCy that "
                "takes a text without annotation for one in which there is nothing, and would "
                f"learn that from it. Add '{name}' to 'tasks' in {spec.block}, if the corpus is "
                f"annotated for it; or {instead}."
            )


def _check_apart(nlp: Language, spec: CorpusSpec, stock: str) -> None:
    for task in spec.tasks:
        both = kinds_of(nlp, task) & kinds_of(nlp, stock)
        if both:
            raise ValueError(
                f"The corpus '{spec.name}' has {', '.join(sorted(both))} for '{task}', and the "
                f"stock component '{stock}' would learn from them, too, though the corpus does "
                f"not declare it. Add '{stock}' to 'tasks' in {spec.block}, or take a head of "
                "this package for it, which looks at what is declared."
            )
