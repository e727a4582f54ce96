"""A pipeline with heads of each kind, and changes to its saved files."""

import json
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, Tuple

import spacy
import srsly
from spacy.language import Language
from thinc.api import fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import CRF, FOUR_HEADS, add_joint

PATHS = ("mtl", *FOUR_HEADS)


#: Our files. Those of the tokenizer, the vocabulary and the config are spaCy's.
OURS = [f"{pipe}/{part}" for pipe in PATHS for part in ("cfg", "model")] + ["mtl/weighting"]


def build(encoder: Any = None, initialize: bool = True) -> Language:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder)
    for name, factory in FOUR_HEADS.items():
        config = {"model": CRF} if name == "ner" else {}
        nlp.add_pipe(factory, name=name, config=config)
    nlp.config["initialize"]["components"]["multi"] = {"labels": ["p", "q", "r"]}
    if initialize:
        fix_random_seed(0)
        nlp.initialize(lambda: make_examples(nlp))
    return nlp


def cfg(pipe: str, **settings: Any) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        file = path / pipe / "cfg"
        file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))

    return change


def labels(*found: Any) -> Callable[[Path], None]:
    return cfg("ner", labels=list(found))


def write(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda path: (path / name).write_bytes(content) and None


def swap(name: str, other: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        one, two = (path / name).read_bytes(), (path / other).read_bytes()
        (path / name).write_bytes(two)
        (path / other).write_bytes(one)

    return change


def put(name: str, other: str) -> Callable[[Path], None]:
    return lambda path: shutil.copy(path / other, path / name) and None


def no_folder(name: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        shutil.rmtree(path / name)
        (path / name).write_bytes(b"x")

    return change


def message(name: str, edit: Callable[[Dict[str, Any]], Any]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        found = srsly.msgpack_loads((path / name).read_bytes())
        edited = edit(found)
        data = srsly.msgpack_dumps(found if edited is None else edited)
        (path / name).write_bytes(data)

    return change


def _array(found: Dict[str, Any], value: Any) -> None:
    params = next(p for p in reversed(found["params"]) if p.get("W") is not None)
    params["W"] = value if not callable(value) else value(params["W"])


def _without(found: Dict[str, Any], key: str) -> None:
    del found[key]


def same(nlp: Language) -> bool:
    return set(nlp("Anna runs").cats) == {*"abpqr"}


def load(nlp: Language, path: Path) -> None:
    """Load into an existing pipeline, which is faster than building one."""
    for name in PATHS:
        pipe: Any = nlp.get_pipe(name)
        pipe.from_disk(path / name, exclude=["vocab"])


def error_of(run: Callable[[], Any], kinds: Tuple = (ValueError, OSError)) -> str:
    try:
        run()
    except kinds as err:
        return str(err)
    return ""
