"""Saved heads, and `mtl`: what is damaged, changed or of another head is refused by name."""

import gc
import json
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Tuple

import pytest
import spacy
import srsly
from cases import Case, Gives, Refused, check, name_of
from spacy.language import Language
from thinc.api import fix_random_seed
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint, inner

FACTORIES = {**HEADS, "multi": "mtl_textcat_multilabel"}
PATHS = ("mtl", *FACTORIES)
#: The files that are ours: those of the tokenizer, the vocabulary and the config are spaCy's.
OURS = [f"{pipe}/{part}" for pipe in PATHS for part in ("cfg", "model")] + ["mtl/weighting"]


def build(encoder: Any = None, initialize: bool = True) -> Language:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder)
    for name, factory in FACTORIES.items():
        config = {"model": CRF} if name == "ner" else {}
        nlp.add_pipe(factory, name=name, config=config)
    nlp.config["initialize"]["components"]["multi"] = {"labels": ["p", "q", "r"]}
    if initialize:
        fix_random_seed(0)
        nlp.initialize(lambda: make_examples(nlp))
    return nlp


CRF = {
    "@architectures": "spacy_mtl.TokenClassifier.v1",
    "learn_transitions": True,
    "tok2vec": {"@architectures": "spacy_mtl.TaskListener.v1"},
}


@pytest.fixture(scope="module")
def nlp() -> Language:
    return build()


@pytest.fixture(scope="module")
def scratch() -> Language:
    """Only to load into."""
    return build()


@pytest.fixture(scope="module")
def saved(nlp: Language, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "nlp"
    nlp.to_disk(path)
    return path


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "nlp"))


def labels(*found: Any) -> Callable[[Path], None]:
    return cfg("ner", labels=list(found))


def cfg(pipe: str, **settings: Any) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        file = path / pipe / "cfg"
        file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))

    return change


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


def folder(name: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        (path / name).unlink()
        (path / name).mkdir()

    return change


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


NER = ("ner", "another copy")
CASES = [
    Case("unchanged", lambda path: None, Gives(same)),
    # Labels and size.
    Case("one label less", labels("PER"), Refused("1 labels (PER) make 5", "scores 9", *NER)),
    Case("one label more", labels("PER", "LOC", "X"), Refused("make 13", "scores 9", *NER)),
    Case("no labels", labels(), Refused("0 labels (none)", "scores 9", *NER)),
    Case("labels of a string", cfg("ner", labels="PER"), Refused("'PER'", "list of strings", *NER)),
    Case("labels of a map", cfg("ner", labels={"PER": 1}), Refused("list of strings", *NER)),
    Case("labels of null", cfg("ner", labels=None), Refused("None", "list of strings", *NER)),
    Case("labels that are numbers", labels(1, 2), Refused("has 1,", "are strings", *NER)),
    Case("a label of null", labels("PER", None), Refused("has None", *NER)),
    Case("an empty label", labels("PER", ""), Refused("''", "not empty", *NER)),
    Case("a label twice", labels("PER", "PER"), Refused("'PER' more than once", *NER)),
    Case("no key labels", write("ner/cfg", b"{}"), Refused("'labels' is not there", "ner/cfg")),
    Case("tags, one less", cfg("tagger", labels=["NN"]), Refused("tagger", "scores 10")),
    Case("categories, one less", cfg("textcat", labels=["a"]), Refused("textcat", "scores 2")),
    Case("categories, one more", cfg("multi", labels=[*"pqrs"]), Refused("multi", "scores 3")),
    Case("a prefix of null", cfg("ner", score_prefix=None), Refused("'score_prefix' is None")),
    Case("a threshold of 2", cfg("multi", threshold=2), Refused("multi/cfg", "'threshold'", "2")),
    Case(
        "a threshold of NaN", cfg("multi", threshold=float("nan")), Refused("multi/cfg", "damaged")
    ),
    Case("a threshold of text", cfg("multi", threshold="x"), Refused("'threshold'", "'x'")),
    # Files of another head.
    Case("models swapped", swap("ner/model", "tagger/model"), Refused("tagger")),
    Case("models of texts swapped", swap("textcat/model", "multi/model"), Refused("scores 3")),
    Case("settings swapped", swap("textcat/cfg", "multi/cfg"), Refused("textcat", "scores 2")),
    Case("the encoder's model", put("ner/model", "mtl/model"), Refused("ner/model", "layer")),
    Case("a head's model in mtl", put("mtl/model", "ner/model"), Refused("mtl/model", "layer")),
    # Files.
]


def changes(name: str) -> Iterator[Case]:
    """What may become of a file of ours."""
    is_json = name.endswith("cfg")
    way_out = "delete it" if name == "mtl/weighting" else "another copy"
    refused = Refused(name, "can't use", way_out)
    for what, of_json, of_msgpack in (
        ("empty", b"", b""),
        ("null", b"null", b"\xc0"),
        ("a list", b"[1]", b"\x91\x01"),
        ("a number", b"7", b"\x07"),
        ("text", b'"x"', b"\xa1x"),
        ("rubbish", b"\xff\xfe\x00", b"\xff\xfe\x00"),
    ):
        yield Case(f"{name} is {what}", write(name, of_json if is_json else of_msgpack), refused)
    yield Case(f"{name} is a folder", folder(name), refused)
    if name != "mtl/weighting":
        yield Case(f"no {name}", lambda path: (path / name).unlink(), Refused(name, "no such file"))
    if name.endswith("model"):
        yield Case(f"{name} is an empty map", write(name, b"\x80"), Refused(name, "'nodes'"))


def change(edit: Callable[[Dict[str, Any]], Any]) -> Callable[[Path], None]:
    return message("ner/model", edit)


def w(value: Any) -> Callable[[Path], None]:
    return change(lambda found: _array(found, value))


FILES = [case for name in OURS for case in changes(name)]
MODELS = [
    *[
        Case(f"no {key}", change(lambda m, key=key: _without(m, key)), Refused(f"'{key}'", *NER))
        for key in ("nodes", "attrs", "params", "shims")
    ],
    Case("nodes of null", change(lambda m: {**m, "nodes": None}), Refused("null", *NER)),
    Case("a layer less", change(lambda m: m["nodes"].pop() and None), Refused("'nodes'", *NER)),
    Case("arrays of null", w(None), Refused("'W'", "None", *NER)),
    Case("arrays of text", w("x"), Refused("'W'", "array", *NER)),
    Case("a smaller array", w(lambda a: a[:-1]), Refused("'W'", "(8, 16)", *NER)),
    Case("a narrower array", w(lambda a: a[:, :-1]), Refused("'W'", "(9, 15)", *NER)),
    Case("no array", change(lambda m: m["params"].__setitem__(-1, {})), Refused("arrays", *NER)),
    Case("no map", change(lambda m: m["params"].__setitem__(-1, None)), Refused("no map", *NER)),
    Case("no dimensions", change(lambda m: m["nodes"][-1].pop("dims") and None), Refused(*NER)),
]
FOLDERS = [
    *[Case(f"no folder {p}", lambda f, p=p: shutil.rmtree(f / p), Refused(p)) for p in PATHS],
    *[Case(f"a file instead of the folder {p}", no_folder(p), Refused(p)) for p in PATHS],
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_on_disk(case: Case, copy: Path) -> None:
    case.given(copy)
    check(case, lambda _: spacy.load(copy))


def load(nlp: Language, path: Path) -> None:
    """Faster than a pipeline anew."""
    for name in PATHS:
        pipe: Any = nlp.get_pipe(name)
        pipe.from_disk(path / name, exclude=["vocab"])


@pytest.mark.parametrize("case", [*FILES, *FOLDERS, *MODELS], ids=name_of)
def test_files(case: Case, scratch: Language, copy: Path) -> None:
    case.given(copy)
    check(case, lambda _: load(scratch, copy))


PACKED = [
    Case("an empty map", b"\x80", Refused("part 'cfg'", "no such part")),
    Case("nothing", b"", Refused("the bytes of the component")),
    Case("null", b"\xc0", Refused("null", "map of parts")),
    Case("a list", b"\x90", Refused("a list", "map of parts")),
    Case("rubbish", b"rubbish", Refused("the bytes of the component")),
    Case("no model", {"model": "missing"}, Refused("part 'model'", "no such part")),
    Case("no settings", {"cfg": "missing"}, Refused("part 'cfg'", "no such part")),
    Case("a model of null", {"model": None}, Refused("part 'model'", "null")),
    Case("settings of null", {"cfg": None}, Refused("part 'cfg'", "null")),
    Case("an empty model", {"model": b""}, Refused("part 'model'", "empty")),
    Case("settings of a list", {"cfg": "[]"}, Refused("part 'cfg'", "a list")),
    Case("a damaged model", {"model": b"\x81"}, Refused("part 'model'")),
    Case("a damaged vocabulary", {"vocab": b"\x81"}, Refused("part 'vocab'")),
    Case("unchanged", {}, Gives(None)),
]


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("case", PACKED, ids=name_of)
def test_bytes(case: Case, name: str, nlp: Language) -> None:
    pipe: Any = nlp.get_pipe(name)
    data = case.given
    if isinstance(data, dict):
        whole = srsly.msgpack_loads(pipe.to_bytes())
        parts = srsly.msgpack_loads(whole["component"]) if name == "mtl" else whole
        parts = {k: v for k, v in {**parts, **data}.items() if v != "missing"}
        data = srsly.msgpack_dumps(parts)
        data = srsly.msgpack_dumps({**whole, "component": data}) if name == "mtl" else data
    check(case, lambda _: pipe.from_bytes(data) and None)


LABELS = [
    Case("one less", ["PER"], Refused("scores 9", "'ner'", "bytes")),
    Case("one more", ["PER", "LOC", "X"], Refused("scores 9", "'ner'", "bytes")),
    Case("a string", "PER", Refused("list of strings", "'ner'", "part 'cfg'")),
    Case("twice", ["PER", "PER"], Refused("more than once", "'ner'", "part 'cfg'")),
    Case("the same", ["PER", "LOC"], Gives(("PER", "LOC"))),
]


@pytest.mark.parametrize("case", LABELS, ids=name_of)
def test_labels_in_bytes(case: Case, nlp: Language) -> None:
    parts = srsly.msgpack_loads(nlp.get_pipe("ner").to_bytes())
    parts["cfg"] = json.dumps({**json.loads(parts["cfg"]), "labels": case.given})
    ner: Any = build(initialize=False).get_pipe("ner")
    check(case, lambda _: ner.from_bytes(srsly.msgpack_dumps(parts)).labels)


def test_weighting_in_bytes(nlp: Language) -> None:
    pipe: Any = nlp.get_pipe("mtl")
    for state in (b"", b"\x80", b"rubbish", 7):
        data = srsly.msgpack_dumps({**srsly.msgpack_loads(pipe.to_bytes()), "weighting": state})
        with pytest.raises(ValueError, match="'weighting' of the bytes.*damaged.*delete it"):
            pipe.from_bytes(data)


def test_parts_one_after_the_other(saved: Path) -> None:
    for first, second in (("cfg", "model"), ("model", "cfg")):
        ner: Any = build(initialize=False).get_pipe("ner")
        ner.from_disk(saved / "ner", exclude=["vocab", first])
        ner.from_disk(saved / "ner", exclude=["vocab", second])
        assert ner.labels == ("PER", "LOC")


def test_not_initialized_yet(tmp_path: Path) -> None:
    nlp = build(initialize=False)
    nlp.get_pipe("ner").add_label("PER")  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("ner").labels == ("PER",)  # type: ignore[attr-defined]
    assert nlp.from_bytes(nlp.to_bytes()).get_pipe("ner").labels == ("PER",)  # type: ignore[attr-defined]


@pytest.fixture(params=["CNN", "embedded"])
def pipeline(request: pytest.FixtureRequest, encoder_dir: str, tmp_path: Path, saved: Path) -> Path:
    if request.param == "CNN":
        return Path(shutil.copytree(saved, tmp_path / "nlp"))
    build(inner(encoder_dir)).to_disk(tmp_path / "nlp")
    return tmp_path / "nlp"


def error_of(run: Callable[[], Any], kinds: Tuple = (ValueError, OSError)) -> str:
    try:
        run()
    except kinds as err:
        return str(err)
    return ""


def test_truncated(pipeline: Path) -> None:
    """Every file of ours, at several lengths: never taken, and always named."""
    nlp = spacy.load(pipeline)
    for name in OURS:
        pipe: Any = nlp.get_pipe(Path(name).parent.name)
        file = pipeline / name
        whole = file.read_bytes()
        n = len(whole)
        for length in sorted({0, 1, 2, 7, n // 4, n // 2, 3 * n // 4, n - 8, n - 2, n - 1}):
            if not 0 <= length < n or whole[:length].strip() == whole.strip():
                continue
            file.write_bytes(whole[:length])
            with pytest.raises((ValueError, OSError)) as caught:
                pipe.from_disk(file.parent, exclude=["vocab"])
            assert str(file) in str(caught.value), (name, length)
        file.write_bytes(whole)
        pipe.from_disk(file.parent, exclude=["vocab"])


def test_flipped_bit(pipeline: Path) -> None:
    """Every file of ours, at several places: refused by name, or there is a pipeline."""
    nlp = spacy.load(pipeline)
    for name in OURS:
        pipe: Any = nlp.get_pipe(Path(name).parent.name)
        file = pipeline / name
        whole = file.read_bytes()
        n = len(whole)
        for place in sorted({0, 1, 2, 5, 11, 30, 60, n // 4, n // 3, n // 2, 3 * n // 4, n - 1}):
            for bit in (0, 3, 7):
                if not 0 <= place < n:
                    continue
                flipped = bytearray(whole)
                flipped[place] ^= 1 << bit
                file.write_bytes(flipped)
                told = error_of(lambda: pipe.from_disk(file.parent, exclude=["vocab"]))  # noqa: B023
                assert not told or str(file.parent) in told, (name, place, bit)
        file.write_bytes(whole)


def test_spacys_own_files(copy: Path) -> None:
    """Of the tokenizer, the vocabulary and the config spaCy may raise whatever it raises."""
    files = [f for f in copy.rglob("*") if f.is_file()]
    others = [f for f in files if str(f.relative_to(copy)) not in OURS]
    assert len(others) + len(OURS) == len(files)
    for file in others:
        whole = file.read_bytes()
        for length in {0, len(whole) // 2} - {len(whole)}:
            file.write_bytes(whole[:length])
            # Whatever that is.
            error_of(lambda: spacy.load(copy), (Exception,))
        file.write_bytes(whole)
    assert same(spacy.load(copy))


def test_damage_leaves_the_process_as_it_was(scratch: Language) -> None:
    """srsly switches the garbage collector off while it reads, and on only where that went well."""
    for component in ("ner", "mtl"):
        assert gc.isenabled()
        with pytest.raises(ValueError, match=component):
            scratch.get_pipe(component).from_bytes(b"\xc1")  # type: ignore[attr-defined]
    assert gc.isenabled()


def test_labels_go_with_their_model(nlp: Language, scratch: Language) -> None:
    """What is refused for its model leaves the labels of the one that is there."""
    head: Any = scratch.get_pipe("ner")
    before = head.labels
    message = srsly.msgpack_loads(nlp.get_pipe("ner").to_bytes(exclude=["vocab"]))  # type: ignore[attr-defined]
    cfg = {**json.loads(message["cfg"]), "labels": ["OTHER"]}
    message.update(cfg=json.dumps(cfg), model=message["model"][:-10])
    with pytest.raises(ValueError, match="model of the component 'ner'"):
        head.from_bytes(srsly.msgpack_dumps(message))
    assert head.labels == before
