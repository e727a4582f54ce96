"""A task more for a trained pipeline: the ways of `spacy mtl add-task`, and plain fine-tuning.

    python -m benchmarks.grow run      # trains what is missing
    python -m benchmarks.grow report   # prints the table

On GUM: tags and entities are trained on one half of the documents, then the genre is added with the
other half, which has nothing but genres: with a frozen encoder, an adapter, rehearsal on the new
texts alone or also on the old ones, and by training everything without a teacher. Scores are those
of the test set, before and after.
"""

import argparse
import json
import os
import statistics
from pathlib import Path
from typing import Any, Dict, List, Optional

from .metrics import print_machine
from .places import RESULTS, default_encoder
from .side_by_side import add_one, add_run_options, run_side_by_side
from .splits import convert_split

SEEDS = [0, 1, 2]
#: By title: the way of `spacy mtl add-task`, whether old texts are rehearsed, and a teacher helps.
WAYS: Dict[str, Dict[str, Any]] = {
    "frozen": {"way": "freeze"},
    "adapter": {"way": "adapter"},
    "rehearsal, new texts": {"way": "rehearse"},
    "rehearsal, old texts": {"way": "rehearse", "old_texts": True},
    "plain fine-tuning": {"way": "rehearse", "teacher": False},
}
FILE = "grow.jsonl"
_OLD, _NEW = ("tagger", "ner"), "genre"
_STEPS = 1000


def all_runs() -> List[Dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): Each way with each seed.

    Those that begin with the same pipeline are apart: the first of them trains it.
    """
    return [{"title": title, "seed": seed} for title in WAYS for seed in SEEDS]


def load_results(path: Optional[Path] = None) -> List[Dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): What has been measured."""
    path = path or RESULTS / FILE
    lines = path.read_text(encoding="utf8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def halves(work: Path, limit: Optional[int]) -> Dict[str, Path]:
    """Write one half of the training documents without genres, the other with nothing else.

    work (Path): The folder for corpora.
    limit (Optional[int]): The number of documents. None for all.
    RETURNS (Dict[str, Path]): The files "old" and "new", and the splits "dev" and "test".
    """
    import spacy
    from spacy.tokens import Doc, DocBin

    found = {split: convert_split("gum", split, work, limit) for split in ("dev", "test")}
    source = convert_split("gum", "train", work, limit)
    docs = list(DocBin().from_disk(source).get_docs(spacy.blank("en").vocab))
    new = []
    for doc in docs[1::2]:
        words = [token.text for token in doc]
        spaces = [bool(token.whitespace_) for token in doc]
        new.append(Doc(doc.vocab, words=words, spaces=spaces))
        new[-1].cats = dict(doc.cats)
    old = docs[::2]
    for doc in old:
        doc.cats = {}
    for name, half in (("old", old), ("new", new)):
        found[name] = source.with_name(f"grow-{name}-{limit or 'all'}.spacy")
        # Another process may be reading it.
        part = found[name].with_suffix(f".{os.getpid()}.part")
        DocBin(docs=half).to_disk(part)
        part.replace(found[name])
    return found


def base_of(files: Dict[str, Path], encoder: str, seed: int, steps: int, work: Path) -> Path:
    """RETURNS (Path): The pipeline with the old tasks, which is trained if it isn't there."""
    import spacy
    from spacy.training.initialize import init_nlp

    from spacy_mtl.train.loop import train

    output = work / f"grow-base-{seed}-{steps}"
    if not (output / "model-best").is_dir():
        nlp = spacy.blank("en")
        inside = {"@architectures": "spacy_mtl.TransformerEncoder.v1", "name": encoder}
        model = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": inside}
        nlp.add_pipe("mtl", config={"model": model})
        for name in _OLD:
            nlp.add_pipe(f"mtl_{name}", name=name)
        config = nlp.config.copy()
        for split, name in (("train", "old"), ("dev", "dev")):
            config["corpora"][split].update(path=str(files[name]), gold_preproc=False)
        config["training"].update(_training(seed, steps))
        train(init_nlp(config), output)
    return output / "model-best"


def measure(spec: Dict[str, Any], encoder: str, work: Path) -> Dict[str, Any]:
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

    kind, steps = WAYS[spec["title"]], spec.get("steps", _STEPS)
    files = halves(work, spec.get("limit"))
    path = base_of(files, encoder, spec["seed"], steps, work)
    before = spacy.load(path)
    corpora = {
        split: {"@readers": "spacy.Corpus.v1", "path": str(files[name]), "gold_preproc": False}
        for split, name in (("train", "new"), ("dev", "dev"))
    }
    head = {_NEW: {"factory": "mtl_textcat"}}
    training = _training(spec["seed"], steps)
    given = Config({"components": head, "corpora": corpora, "training": training})
    way = Way(kind["way"], path, files["old"] if kind.get("old_texts") else None)
    name = f"grow-{spec['title']}-{spec['seed']}-{steps}".replace(" ", "-").replace(",", "")
    nlp = prepare(before, given, way, work)
    if not kind.get("teacher", True):
        for task in _OLD:
            pipe: Any = nlp.get_pipe(task)
            pipe.set_teacher(None)
            nlp.get_pipe_config(task)["teacher"] = None
    train(nlp, work / name)
    after = finish(work / name / "model-best", before, [_NEW], way.keeps_old)
    return {**spec, "tasks": changes_json(find_changes(before, after, [_NEW], files["test"]))}


def report() -> None:
    """Print the table: the mean over the seeds, in percent."""
    results = load_results()
    print("| | tags | entities | genre | same tags | same entities | seeds |")
    print("| --- |" + " --- |" * 6)
    for title in ["before", *WAYS]:
        found = [each for each in results if title in ("before", each["title"])]
        if not found:
            continue
        key = "before" if title == "before" else "after"
        cells = [_mean([each["tasks"][task][key] for each in found]) for task in (*_OLD, _NEW)]
        same = [_mean([each["tasks"][task]["same"] for each in found]) for task in _OLD]
        cells += ["", ""] if title == "before" else same
        print(f"| {title} | {' | '.join(cells)} | {len({each['seed'] for each in found})} |")
    print_machine()


def _training(seed: int, steps: int) -> Dict[str, Any]:
    rate = {"warmup_steps": max(1, steps // 10), "total_steps": steps, "initial_rate": 2e-4}
    batcher = {"@batchers": "spacy.batch_by_padded.v1", "size": 300, "buffer": 256}
    return {
        "seed": seed,
        "max_steps": steps,
        "eval_frequency": max(1, steps // 5),
        "patience": 0,
        "batcher": {**batcher, "discard_oversize": False},
        "optimizer": {
            "@optimizers": "Adam.v1",
            "learn_rate": {"@schedules": "warmup_linear.v1", **rate},
        },
    }


def _mean(values: List[Optional[float]]) -> str:
    known = [100 * value for value in values if value is not None]
    return f"{statistics.mean(known):.1f}" if known else "-"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="train and score all runs without results")
    add_run_options(run)
    commands.add_parser("report", help="print the table")
    add_one(commands)
    args = parser.parse_args()
    if args.command == "run":
        done = [(each["title"], each["seed"]) for each in load_results()]
        todo = [each for each in all_runs() if (each["title"], each["seed"]) not in done]
        specs = {f"grow-{i}": json.dumps(spec) for i, spec in enumerate(todo)}
        encoder = args.encoder or default_encoder()
        run_side_by_side("benchmarks.grow", specs, encoder, args.work, args.jobs)
    elif args.command == "report":
        report()
    else:
        found = measure(json.loads(args.spec), args.encoder, args.work)
        with (RESULTS / FILE).open("a", encoding="utf8") as file:
            file.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
