"""Checkpoints with another state, other settings or another pipeline."""

import shutil
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
import spacy
import srsly
from cases import Case, Gives, Refused, check, name_of
from odd_files import as_folder
from resumed import resume
from short_training import assert_same
from written_folders import Change

from spacy_mtl.files import (
    CHECKSUMS,
)
from spacy_mtl.train.checkpoint import CheckpointError


def without_checksums(change: Change) -> Change:
    def changed(folder: Path) -> None:
        change(folder)
        (folder / CHECKSUMS).unlink()

    return changed


def state(alter: Callable[[Dict[str, Any]], Any]) -> Change:
    """Change the state, and remove the checksums."""

    def change(folder: Path) -> None:
        found = srsly.read_msgpack(folder / "state.msgpack")
        found = {key: dict(v) if isinstance(v, dict) else v for key, v in found.items()}
        alter(found)
        srsly.write_msgpack(folder / "state.msgpack", found)

    return without_checksums(change)


def whole_file(name: str, content: Any) -> Change:
    write = srsly.write_json if name.endswith(".json") else srsly.write_msgpack
    return without_checksums(lambda folder: write(folder / name, content))


def meta(**changes: Any) -> Change:
    def change(folder: Path) -> None:
        found = {**srsly.read_json(folder / "meta.json"), **changes}
        known = {key: value for key, value in found.items() if value is not ...}
        srsly.write_json(folder / "meta.json", known)

    return without_checksums(change)


def as_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("")


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def older(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("checkpoint-2"))
    (folder / "state.msgpack").write_bytes(b"")


def other_pipeline(folder: Path) -> None:
    shutil.rmtree(folder / "pipeline")
    shutil.copytree(folder.parent / "other", folder / "pipeline")


def first(kind: str, value: Any) -> Change:
    """Replace the value for the first parameter in the optimizer or the gradients."""

    def alter(found: Dict[str, Any]) -> None:
        block = found["gradients"] if kind == "gradients" else found["optimizer"]
        if kind != "gradients":
            block[kind] = dict(block[kind])
            block = block[kind]
        block[next(iter(block))] = value

    return state(alter)


#: In every message.
NAMES = ("state.msgpack", "checkpoint-3", "remove its folder to start over")


CHECKPOINTS = [
    Case("unchanged", lambda folder: None, Gives("resumed")),
    Case("no checksums", lambda folder: (folder / CHECKSUMS).unlink(), Gives("resumed")),
    Case("an extra file", lambda folder: (folder / "notes.txt").write_text("x"), Gives("resumed")),
    *(
        Case(
            f"the state has no '{key}'",
            state(lambda found, key=key: found.pop(key)),
            Refused(f"it has no '{key}'", *NAMES),
        )
        for key in ("step", "results", "words", "optimizer", "gradients", "components", "corpus")
    ),
    Case("no losses", state(lambda s: s.update(losses=None)), Refused("its 'losses' is", *NAMES)),
    Case(
        "a step of text", state(lambda s: s.update(step="3")), Refused("its 'step' is '3'", *NAMES)
    ),
    Case(
        "a step of truth", state(lambda s: s.update(step=True)), Refused("'step' is True", *NAMES)
    ),
    Case(
        "another step", state(lambda s: s.update(step=2)), Refused("it belongs to step 2", *NAMES)
    ),
    Case("no batches", state(lambda s: s.update(batches={})), Refused("there is no", *NAMES)),
    Case("no chance", state(lambda s: s.update(chance={})), Refused("there is no 'data'", *NAMES)),
    Case("an unexpected corpus state", state(lambda s: s.update(corpus={})), Refused(*NAMES)),
    Case("results of one", state(lambda s: s.update(results=[1])), Refused(*NAMES)),
    Case("no moments", state(lambda s: s["optimizer"].pop("mom1")), Refused("mom1", *NAMES)),
    Case(
        "no averages", state(lambda s: s["optimizer"].pop("averages")), Refused("averages", *NAMES)
    ),
    Case("no radam", state(lambda s: s["optimizer"].pop("radam")), Refused("radam", *NAMES)),
    Case(
        "losses of a number",
        state(lambda s: s.update(losses=2**63)),
        Refused("'losses'", *NAMES),
    ),
    Case("a moment of text", first("mom1", "x"), Refused("mom1", "are 'x'", *NAMES)),
    Case("a count of text", first("nr_update", "x"), Refused("nr_update", "are 'x'", *NAMES)),
    Case("an average of a number", first("averages", 1), Refused("averages", "shape", *NAMES)),
    Case("a gradient of another shape", first("gradients", [1, 2, 3]), Refused("shape", *NAMES)),
    Case(
        "an unknown parameter",
        state(lambda s: s["gradients"].update({"mtl/99/node/W": [2]})),
        Refused("'gradients' for mtl/99/node/W, which the pipeline does not have", *NAMES),
    ),
    Case(
        "components unknown", state(lambda s: s["components"].update(x={})), Refused("'x'", *NAMES)
    ),
    Case(
        "components forgotten", state(lambda s: s.update(components={})), Refused("'mtl'", *NAMES)
    ),
    Case("sizes of no files", meta(files=[1]), Refused("it is a list", "meta.json")),
    Case("a list as state", whole_file("state.msgpack", [1]), Refused("it is a list", *NAMES)),
    Case("nothing as state", whole_file("state.msgpack", None), Refused("NoneType", *NAMES)),
    Case("a list as meta", whole_file("meta.json", []), Refused("it is a list", "meta.json")),
    Case("no config in the meta", meta(config=...), Refused("it has no 'config'", "meta.json")),
    Case("no machine in the meta", meta(machine=...), Refused("it has no 'machine'", "meta.json")),
    Case("data of a number", meta(data=3), Refused("its 'data' is 3", "meta.json")),
    Case("a file", as_file, Refused("it is not a folder", "checkpoint-3")),
    Case("an empty folder", empty, Refused("there is no such file", "checkpoint-3/pipeline")),
    Case("no pipeline", lambda f: shutil.rmtree(f / "pipeline"), Refused("checkpoint-3/pipeline")),
    Case(
        "the state is a folder",
        as_folder("state.msgpack"),
        Refused("is not a regular file", *NAMES),
    ),
    Case("another pipeline", without_checksums(other_pipeline), Refused("checkpoint-3")),
    Case("an older one", older, Refused("state.msgpack", "to resume from checkpoint-2")),
    Case(
        "checksums: another name",
        lambda f: (f / CHECKSUMS).write_text((f / CHECKSUMS).read_text().replace("state", "sTate")),
        Refused(f"{CHECKSUMS} cannot be read", "sTate.msgpack is missing"),
    ),
    Case(
        "a renamed one",
        lambda f: [shutil.copytree(f, f.with_name("checkpoint-1.old")), (f / "meta.json").unlink()],
        Refused("meta.json", "or rename checkpoint-1.old to resume from there"),
    ),
]


@pytest.mark.parametrize("case", CHECKPOINTS, ids=name_of)
def test_checkpoints(case: Case, output: Path) -> None:
    spacy.blank("en").to_disk(output / "other")
    last = spacy.load(output / "model-last")

    def run(change: Change) -> str:
        change(output / "checkpoint-3")
        resume(output)
        assert_same(last, spacy.load(output / "model-last"))
        return "resumed"

    if isinstance(case.answer, Refused):
        case.answer.error = CheckpointError
    check(case, run)
