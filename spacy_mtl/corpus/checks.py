"""Check that corpora, pipeline and schedule fit together before training."""

from typing import Any, Iterable, Sequence

from spacy.language import Language

from ..tasks.stock import task_of, tasks_of
from ..tasks.task import Task
from .spec import CorpusSpec


def check_tasks(nlp: Language, specs: Iterable[CorpusSpec]) -> None:
    """Reject tasks that the pipeline doesn't have.

    nlp (Language): The pipeline.
    specs (Iterable[CorpusSpec]): The corpora.
    RAISES (ValueError): If a corpus declares a task that isn't in the pipeline.
    """
    known = tasks_of(nlp)
    for spec in specs:
        unknown = [task for task in spec.tasks if task not in known]
        if unknown:
            raise ValueError(
                f"The corpus '{spec.name}' declares the task '{unknown[0]}', but the tasks of "
                f"this pipeline are {', '.join(known) or 'none'}. Fix 'tasks' in {spec.block}, "
                "or [nlp.pipeline]."
            )


def check_stock(nlp: Language, specs: Iterable[CorpusSpec]) -> None:
    """Reject corpora that would train stock components on tasks they don't declare.

    nlp (Language): The pipeline.
    specs (Iterable[CorpusSpec]): The training corpora.
    RAISES (ValueError): If a stock component would learn from annotation meant for another
        task, or from missing annotation.
    """
    config = nlp.config.interpolate()
    resting = {*config["training"]["frozen_components"], *config["nlp"]["disabled"]}
    stock = [
        task
        for name, task in tasks_of(nlp).items()
        if name not in resting and not task.heeds_declaration
    ]
    for spec in specs:
        for task in stock:
            if task.name not in spec.tasks:
                _check_apart(nlp, spec, task)
                _check_absence(spec, task)


def check_complete(nlp: Language, specs: Sequence[CorpusSpec], untrained: Iterable[str]) -> None:
    """Reject components that no corpus annotates.

    nlp (Language): The pipeline.
    specs (Sequence[CorpusSpec]): The corpora.
    untrained (Iterable[str]): The components to train from scratch.
    RAISES (ValueError): If no corpus declares one of the components. One with a teacher needs none.
    """
    declared = {task for spec in specs for task in spec.tasks}
    for task in untrained:
        if task_of(nlp, task).has_teacher:
            continue
        if task not in declared and nlp.get_pipe_meta(task).default_score_weights:
            names = [spec.name for spec in specs]
            raise ValueError(
                f"No corpus annotates the task '{task}': none of {', '.join(names)} lists "
                f"it in 'tasks'. Add it to an annotated corpus, such as {specs[0].block}, or "
                "remove it from [nlp.pipeline]."
            )


def check_batcher(nlp: Language, batcher: str) -> None:
    """Reject a batcher that ignores the schedule.

    Initialization wraps such a batcher in one that follows the schedule. But if all components
    are sourced, nothing is initialized, and once training begins it is too late.

    nlp (Language): The pipeline.
    batcher (str): The batcher that follows the schedule.
    RAISES (ValueError): If [training.batcher] is a different one.
    """
    found = nlp.config["training"]["batcher"].get("@batchers")
    if found != batcher:
        raise ValueError(
            f"{found}, the batcher of this pipeline, would ignore [corpora.train.schedule]. "
            f'Set @batchers = "{batcher}" in [training.batcher], and move the current one to '
            "[training.batcher.batcher]."
        )


def check_development(nlp: Language) -> None:
    """Reject a development corpus that is sampled at random.

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
            f"[{name}.schedule] would sample the development texts at random. Remove it, so that "
            "each text is scored once."
        )


def _check_absence(spec: CorpusSpec, stock: Task) -> None:
    if not stock.reads_absence:
        return
    head, name = stock.alternative, stock.name
    instead = f"use '{head}' instead" if head else "train it in a separate pipeline"
    raise ValueError(
        f"The corpus '{spec.name}' does not declare '{name}', a spaCy component that "
        "treats missing annotation as negative and would learn from it. "
        f"Add '{name}' to 'tasks' in {spec.block} if the corpus is "
        f"annotated for it, or {instead}."
    )


def _check_apart(nlp: Language, spec: CorpusSpec, stock: Task) -> None:
    for task in spec.tasks:
        both = task_of(nlp, task).kinds & stock.kinds
        if both:
            raise ValueError(
                f"The corpus '{spec.name}' has {', '.join(sorted(both))} for '{task}', and the "
                f"stock component '{stock.name}' would also learn from them, although the corpus "
                f"does not declare it. Add '{stock.name}' to 'tasks' in {spec.block}, or use a "
                "head of this package instead, which only learns declared tasks."
            )
