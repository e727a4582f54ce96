"""Labels more for a trained head: two entity types that were held back, by rehearsal and without.

The old pipeline learns tags and entities of all documents but 200, in which two types count as no
entities. Each of the 200 documents has entities of these types; they have all of their entities,
but no tags. For comparison, a pipeline learns everything from the start, from all documents.
"""

import random
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from ..metrics import annotated
from ..splits import convert_split
from .training import STEPS, bare, read_docs, trained, training_settings, write_docs

#: Of the four frequent types of GUM, two are held back: 2,281 of 4,532 entities.
HELD_BACK = ("person", "organization")
REHEARSAL, PLAIN, FULL = "rehearsal", "plain fine-tuning", "all from the start"
TITLES = tuple(f"new labels, {way}" for way in (REHEARSAL, PLAIN, FULL))
#: The new documents; those of a batch, which have 84 words on average; and, of the steps of the
#: first training, the share that follows new labels: six passes over the new documents.
_N_NEW, _N_BATCH, _SHARE = 200, 4, 0.25


def split_types(work: Path, seed: int, limit: Optional[int]) -> Dict[str, Path]:
    """Write the documents to train on before, to train on then, and to choose the first pipeline.

    work (Path): The folder for corpora.
    seed (int): The seed that draws the new documents.
    limit (Optional[int]): The number of documents. None for all.
    RETURNS (Dict[str, Path]): The files "old", "new" and "old_dev", and "all", "dev" and "test".
    """
    found = {split: convert_split("gum", split, work, limit) for split in ("dev", "test")}
    found["all"] = source = convert_split("gum", "train", work, limit)
    docs = read_docs(source)
    having = [i for i, doc in enumerate(docs) if any(e.label_ in HELD_BACK for e in doc.ents)]
    chosen = set(random.Random(seed).sample(having, min(_N_NEW, len(having) // 2)))
    parts = {
        "old": [_without(doc) for i, doc in enumerate(docs) if i not in chosen],
        "new": [_entities_alone(docs[i]) for i in sorted(chosen)],
        "old_dev": [_without(doc) for doc in read_docs(found["dev"])],
    }
    for name, part in parts.items():
        path = source.with_name(f"grow-labels-{name}-{seed}-{limit or 'all'}.spacy")
        found[name] = write_docs(part, path)
    return found


def measure_labels(spec: Dict[str, Any], encoder: str, work: Path) -> Dict[str, Any]:
    """Add the types that were held back in one way, or train with them from the start.

    spec (Dict[str, Any]): The title and the seed; for a trial, also "limit" and "steps".
    encoder (str): Folder or hub name.
    work (Path): The folder for corpora and models.
    RETURNS (Dict[str, Any]): The spec with the scores "before" (unless everything was trained from
        the start) and "after".
    """
    import spacy

    seed, steps = spec["seed"], spec.get("steps", STEPS)
    files = split_types(work, seed, spec.get("limit"))
    name = f"{seed}-{steps}"
    if spec["title"].endswith(FULL):
        full = work / f"grow-full-{name}"
        path = trained(files["all"], files["dev"], encoder, seed, steps, full)
        return {**spec, "after": _scores(spacy.load(path), files["test"])}
    base = work / f"grow-labels-{name}"
    path = trained(files["old"], files["old_dev"], encoder, seed, steps, base)
    before, nlp = spacy.load(path), spacy.load(path)
    _add(
        nlp, before if spec["title"].endswith(REHEARSAL) else None, files, seed, int(_SHARE * steps)
    )
    found = {"before": _scores(before, files["test"]), "after": _scores(nlp, files["test"])}
    return {**spec, **found}


def _add(nlp: Any, teacher: Optional[Any], files: Dict[str, Path], seed: int, steps: int) -> None:
    """Add the types to a pipeline, and train it on the new documents, as docs/teachers.md does."""
    from spacy.training import Corpus
    from spacy.util import fix_random_seed

    import spacy_mtl
    from spacy_mtl.deploy.add_label import add_labels

    fix_random_seed(seed)
    draw = random.Random(seed)
    add_labels(nlp, "ner", HELD_BACK)
    nlp.config["training"].update(training_settings(seed, steps))
    optimizer = nlp.resume_training()
    new, old = ([*Corpus(files[name])(nlp)] for name in ("new", "old"))
    waiting: List[Any] = []
    for _ in range(steps):
        if len(waiting) < _N_BATCH:
            waiting += draw.sample(new, len(new))
        batch, waiting = waiting[:_N_BATCH], waiting[_N_BATCH:]
        nlp.update(batch, drop=0.1, sgd=optimizer)
        if teacher is not None:
            rehearsed = draw.choices(old, k=_N_BATCH)
            spacy_mtl.rehearse(nlp, teacher, rehearsed, optimizer, drop=0.1)
        optimizer.step_schedules()


def _scores(nlp: Any, test: Path) -> Dict[str, float]:
    """RETURNS (Dict[str, float]): Of tags the accuracy, of old and new types and of each the F1."""
    from spacy.scorer import Scorer

    examples = annotated(nlp, test)
    found = Scorer(nlp).score(examples)
    types = {span.label_ for eg in examples for span in eg.reference.ents}
    old = sorted(types.difference(HELD_BACK))
    by_type = {label: f1(examples, [label]) for label in sorted(types)}
    return {
        "tags": float(found["tag_acc"]),
        "old": f1(examples, old),
        "new": f1(examples, HELD_BACK),
        **by_type,
    }


def f1(examples: Sequence[Any], labels: Sequence[str]) -> float:
    """RETURNS (float): The F1 of the entities of some types, all together."""
    from spacy.scorer import PRFScore

    score = PRFScore()
    for eg in examples:
        found, gold = (
            {(e.label_, e.start_char, e.end_char) for e in doc.ents if e.label_ in labels}
            for doc in (eg.predicted, eg.reference)
        )
        score.score_set(found, gold)
    return float(score.fscore)


def _without(doc: Any) -> Any:
    """RETURNS (Doc): The document, in which the types that are held back are no entities."""
    doc.ents = [span for span in doc.ents if span.label_ not in HELD_BACK]
    return doc


def _entities_alone(doc: Any) -> Any:
    """RETURNS (Doc): The document with its entities, and no other annotation."""
    from spacy.tokens import Span

    found = bare(doc)
    found.ents = [Span(found, span.start, span.end, label=span.label_) for span in doc.ents]
    return found
