"""A task more: the ways of `spacy mtl add-task`, and plain fine-tuning."""

from pathlib import Path
from typing import Any, Dict, Optional

from ..splits import convert_split
from .training import OLD, STEPS, bare, read_docs, trained, training_settings, write_docs

OLD_TEXTS = "rehearsal, old texts"
#: By title: the way of `spacy mtl add-task`, whether old texts are rehearsed, and a teacher helps.
WAYS: Dict[str, Dict[str, Any]] = {
    "frozen": {"way": "freeze"},
    "adapter": {"way": "adapter"},
    "rehearsal, new texts": {"way": "rehearse"},
    OLD_TEXTS: {"way": "rehearse", "old_texts": True},
    "plain fine-tuning": {"way": "rehearse", "teacher": False},
}
NEW = "genre"
#: Of the steps of the first training, the share that follows a task: 2.8 passes over its texts.
_SHARE = 0.5


def halves(work: Path, limit: Optional[int]) -> Dict[str, Path]:
    """Write one half of the training documents without genres, the other with nothing else.

    work (Path): The folder for corpora.
    limit (Optional[int]): The number of documents. None for all.
    RETURNS (Dict[str, Path]): The files "old" and "new", and the splits "dev" and "test".
    """
    found = {split: convert_split("gum", split, work, limit) for split in ("dev", "test")}
    source = convert_split("gum", "train", work, limit)
    docs = read_docs(source)
    new = []
    for doc in docs[1::2]:
        new.append(bare(doc))
        new[-1].cats = dict(doc.cats)
    old = docs[::2]
    for doc in old:
        doc.cats = {}
    for name, half in (("old", old), ("new", new)):
        path = source.with_name(f"grow-{name}-{limit or 'all'}.spacy")
        found[name] = write_docs(half, path)
    return found


def measure_task(spec: Dict[str, Any], encoder: str, work: Path) -> Dict[str, Any]:
    """Add the genre in one way, and compare all tasks.

    spec (Dict[str, Any]): The title and the seed; for a trial, also "limit" and "steps".
    encoder (str): Folder or hub name.
    work (Path): The folder for corpora and models.
    RETURNS (Dict[str, Any]): The spec with "tasks": scores before and after, and what is the same.
    """
    import spacy
    from thinc.api import Config

    from spacy_mtl.growing.changes import find_changes
    from spacy_mtl.growing.finishing import finish
    from spacy_mtl.growing.preparing import prepare
    from spacy_mtl.growing.text import changes_json
    from spacy_mtl.growing.ways import Way
    from spacy_mtl.train.loop import train

    kind, seed, steps = WAYS[spec["title"]], spec["seed"], spec.get("steps", STEPS)
    files = halves(work, spec.get("limit"))
    base = work / f"grow-base-{seed}-{steps}"
    path = trained(files["old"], files["dev"], encoder, seed, steps, base)
    before = spacy.load(path)
    corpora = {
        split: {"@readers": "spacy.Corpus.v1", "path": str(files[name]), "gold_preproc": False}
        for split, name in (("train", "new"), ("dev", "dev"))
    }
    head = {NEW: {"factory": "mtl_textcat"}}
    training = training_settings(seed, int(_SHARE * steps))
    given = Config({"components": head, "corpora": corpora, "training": training})
    way = Way(kind["way"], path, files["old"] if kind.get("old_texts") else None)
    name = f"grow-{spec['title']}-{seed}-{steps}".replace(" ", "-").replace(",", "")
    # Without a teacher, the best on all tasks may well be the one before the training.
    last = work / name / "model-last"
    chosen = last.with_name("model-best")
    nlp = prepare(before, given, way, work)
    if not kind.get("teacher", True):
        chosen = last
        for task in OLD:
            pipe: Any = nlp.get_pipe(task)
            pipe.set_teacher(None)
            nlp.get_pipe_config(task)["teacher"] = None
    if not last.is_dir():
        train(nlp, work / name)
    after = finish(chosen, before, [NEW], way.keeps_old)
    found = changes_json(find_changes(before, after, [NEW], files["test"]))
    for change in found.values():
        change["scored_on"] = change["scored_on"].removeprefix(f"{work}/")
    return {**spec, "tasks": found}
