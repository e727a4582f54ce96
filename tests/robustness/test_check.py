"""`spacy mtl check`: what is wrong with a pipeline, and what is found, without loading it."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy
import pytest
import spacy
import srsly
import torch
from cases import Case, Gives, Refused, check, name_of
from harmful_pickles import MakesFolder
from spacy.language import Language
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint, inner
from typer.testing import CliRunner

from spacy_mtl.cli import mtl_cli
from spacy_mtl.deploy.check import check_pipeline
from spacy_mtl.deploy.findings import DAMAGE, DANGER, NOTE
from spacy_mtl.deploy.registered import has_factory, has_function, register_own
from spacy_mtl.deploy.saved import NoPipelineError
from spacy_mtl.files import CHECKSUMS, write_checksums

Change = Callable[[Path], Any]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, encoder_dir: str) -> Path:
    """A pipeline with an encoder inside `mtl` and three heads, and its checksums."""
    nlp = spacy.blank("en")
    add_joint(nlp, inner(encoder_dir))
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name)
    nlp.initialize(lambda: make_examples(nlp))
    folder = tmp_path_factory.mktemp("saved") / "model-best"
    nlp.to_disk(folder)
    write_checksums(folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "pipeline"))


def in_json(file: str, **changes: Any) -> Change:
    """Change keys of a JSON file."""

    def change(folder: Path) -> None:
        found = srsly.read_json(folder / file)
        srsly.write_json(folder / file, {**found, **changes})

    return change


def in_config(old: str, new: str) -> Change:
    """Replace words of the config."""

    def change(folder: Path) -> None:
        text = (folder / "config.cfg").read_text(encoding="utf8")
        assert old in text
        (folder / "config.cfg").write_text(text.replace(old, new, 1), encoding="utf8")

    return change


def in_shim(alter: Callable[[Dict[str, Any]], None]) -> Change:
    """Change what the encoder's shim has saved."""

    def change(folder: Path) -> None:
        model = srsly.msgpack_loads((folder / "mtl/model").read_bytes())
        for shims in model["shims"]:
            for i, data in enumerate(shims):
                message = srsly.msgpack_loads(data)
                alter(message)
                shims[i] = srsly.msgpack_dumps(message)
        (folder / "mtl/model").write_bytes(srsly.msgpack_dumps(model))

    return change


def kwargs_of(**kwargs: Any) -> Change:
    return in_shim(lambda message: message["tokenizer"]["kwargs"].update(kwargs))


def file_of(name: str, content: bytes = b"{}") -> Change:
    return in_shim(lambda message: message["tokenizer"].update({name: content}))


def in_tokenizer_config(**changes: Any) -> Change:
    def alter(message: Dict[str, Any]) -> None:
        found = json.loads(message["tokenizer"]["tokenizer_config.json"])
        message["tokenizer"]["tokenizer_config.json"] = json.dumps({**found, **changes}).encode()

    return in_shim(alter)


def pickled_weights(message: Dict[str, Any]) -> None:
    buffer = BytesIO()
    torch.save({"weight": MakesFolder()}, buffer)
    message["state"] = buffer.getvalue()


def nan_in(component: str) -> Change:
    def change(folder: Path) -> None:
        model = srsly.msgpack_loads((folder / component / "model").read_bytes())
        params = [p for params in model["params"] for p in params.values() if p is not None]
        number = next(i for i, p in enumerate(params) if p.ndim == 2)
        for layer in model["params"]:
            for name, value in layer.items():
                if value is params[number]:
                    layer[name] = numpy.full_like(value, numpy.nan)
        (folder / component / "model").write_bytes(srsly.msgpack_dumps(model))

    return change


def swap(one: str, other: str) -> Change:
    def change(folder: Path) -> None:
        (folder / one).rename(folder / "swapped")
        (folder / other).rename(folder / one)
        (folder / "swapped").rename(folder / other)

    return change


def truncate(file: str, share: float) -> Change:
    def change(folder: Path) -> None:
        data = (folder / file).read_bytes()
        (folder / file).write_bytes(data[: int(share * len(data))])

    return change


def write(file: str, content: str) -> Change:
    return lambda folder: (folder / file).write_text(content, encoding="utf8")


def as_folder(file: str) -> Change:
    def change(folder: Path) -> None:
        (folder / file).unlink()
        (folder / file).mkdir()

    return change


def link(folder: Path) -> None:
    (folder / "vocab/strings.json").unlink()
    (folder / "vocab/strings.json").symlink_to("/etc/hostname")


def in_model(component: str, alter: Callable[[Dict[str, Any]], None]) -> Change:
    """Change what thinc has saved of a model."""

    def change(folder: Path) -> None:
        model = srsly.msgpack_loads((folder / component / "model").read_bytes())
        alter(model)
        (folder / component / "model").write_bytes(srsly.msgpack_dumps(model))

    return change


def in_weights(alter: Callable[[Dict[str, Any]], None]) -> Change:
    """Change the weights of the encoder."""

    def change(message: Dict[str, Any]) -> None:
        weights = torch.load(BytesIO(message["state"]), weights_only=True)
        alter(weights)
        buffer = BytesIO()
        torch.save(weights, buffer)
        message["state"] = buffer.getvalue()

    return in_shim(change)


def nan_weight(weights: Dict[str, Any]) -> None:
    next(each for each in weights.values() if each.is_floating_point()).view(-1)[0] = torch.nan


def blown_up(weights: Dict[str, Any]) -> None:
    """A few bytes that say that they are a terabyte."""
    weights[next(iter(weights))] = torch.zeros(1).expand(10**6, 10**6)


def flipped_weights(message: Dict[str, Any]) -> None:
    data = bytearray(message["state"])
    data[data.index(b"OrderedDict")] ^= 4
    message["state"] = bytes(data)


def half_nan(model: Dict[str, Any]) -> None:
    layer = next(params for params in model["params"] if "b" in params)
    layer["b"] = numpy.full(layer["b"].shape, numpy.nan, dtype="float16")


def set_pipeline(value: str) -> Change:
    """Replace the list of components."""

    def change(folder: Path) -> None:
        lines = (folder / "config.cfg").read_text(encoding="utf8").split("\n")
        number = next(i for i, line in enumerate(lines) if line.startswith("pipeline ="))
        lines[number] = f"pipeline = {value}"
        (folder / "config.cfg").write_text("\n".join(lines), encoding="utf8")

    return change


def set_component(folder: Path) -> None:
    """A number in place of a block."""
    text = (folder / "config.cfg").read_text(encoding="utf8")
    blocks = re.split(r"\n(?=\[)", text)
    text = "\n".join(b for b in blocks if not b.startswith("[components.ner"))
    text = text.replace("[components]\n", "[components]\nner = 3\n", 1)
    (folder / "config.cfg").write_text(text, encoding="utf8")


def link_folder(folder: Path) -> None:
    """A component that lies elsewhere."""
    (folder / "ner").rename(folder.parent / "elsewhere")
    (folder / "ner").symlink_to(folder.parent / "elsewhere")


def link_loop(folder: Path) -> None:
    (folder / "ner/model").unlink()
    (folder / "ner/model").symlink_to(folder / "ner/more")
    (folder / "ner/more").symlink_to(folder / "ner/model")


def pipe(file: str) -> Change:
    """Whoever reads it would wait without end."""

    def change(folder: Path) -> None:
        (folder / file).unlink()
        os.mkfifo(folder / file)

    return change


def grow(file: str) -> Change:
    """Larger than any memory, and empty on the disk."""
    return lambda folder: os.truncate(folder / file, 2**42)


def found(kind: str, where: str, *says: str) -> Gives:
    """A finding of a kind, at a place, with some words; the exit status goes by it."""

    def is_right(findings: List[Any]) -> bool:
        return any(
            each.kind == kind
            and where in each.where
            and all(words.lower() in each.text.lower() for words in says)
            for each in findings
        )

    return Gives(is_right)


CASES = [
    # What would run code, or write elsewhere.
    Case(
        "code of the hub, in the config",
        in_config("use_fast = true", "use_fast = true\ntrust_remote_code = true"),
        found(DANGER, "tokenizer_config", "trust_remote_code"),
    ),
    Case(
        "code of the hub, in the saved tokenizer",
        kwargs_of(trust_remote_code=True),
        found(DANGER, "mtl/model", "trust_remote_code"),
    ),
    Case(
        "a setting of the tokenizer that nobody knows",
        kwargs_of(subfolder="../elsewhere"),
        found(DANGER, "mtl/model", "subfolder"),
    ),
    Case(
        "a file with an absolute path",
        file_of("/tmp/spacy_mtl_written"),
        found(DANGER, "mtl/model", "/tmp/spacy_mtl_written"),
    ),
    Case(
        "a file of another folder",
        file_of("../../written"),
        found(DANGER, "mtl/model", "../../written"),
    ),
    Case("a module among the files", file_of("code.py"), found(DANGER, "mtl/model", "code.py")),
    Case(
        "classes of the tokenizer's own",
        in_tokenizer_config(auto_map={"AutoTokenizer": ["code.Evil", None]}),
        found(DANGER, "mtl/model", "auto_map"),
    ),
    Case(
        "a network of the pipeline's own",
        in_shim(lambda message: message["config"].update(auto_map={"AutoModel": "code.Evil"})),
        found(DANGER, "mtl/model", "auto_map"),
    ),
    Case("pickled weights", in_shim(pickled_weights), found(DANGER, "mtl/model", "weights")),
    Case("a model that is a folder", as_folder("mtl/model"), found(DANGER, "mtl/model", "folder")),
    Case(
        "a module named by a file beside",
        lambda folder: srsly.write_json(folder / "mtl/config.json", {"auto_map": {"a": "b"}}),
        found(DANGER, "mtl/config.json", "auto_map"),
    ),
    Case("a link out of the pipeline", link, found(DANGER, "vocab/strings.json", "link")),
    # What is damaged.
    Case("no config that can be read", write("config.cfg", "[nlp"), found(DAMAGE, "config.cfg")),
    Case("an empty config", write("config.cfg", ""), found(DAMAGE, "config.cfg", "[nlp]")),
    Case("no meta", lambda f: (f / "meta.json").unlink(), found(DAMAGE, "meta.json")),
    Case("a meta cut short", truncate("meta.json", 0.5), found(DAMAGE, "meta.json")),
    Case("a meta that is a list", write("meta.json", "[]"), found(DAMAGE, "meta.json", "list")),
    Case(
        "another spaCy",
        in_json("meta.json", spacy_version=">=4.0.0,<4.1.0"),
        found(DAMAGE, "meta.json", "spaCy >=4.0.0", spacy.__version__),
    ),
    Case(
        "a package that is not installed",
        in_json("meta.json", requirements=["spacy-no-such-thing>=1.0"]),
        found(DAMAGE, "meta.json", "spacy-no-such-thing>=1.0", "not installed"),
    ),
    Case(
        "a package of another version",
        in_json("meta.json", requirements=["spacy-mtl>=99.0"]),
        found(DAMAGE, "meta.json", "spacy-mtl>=99.0", "is installed"),
    ),
    Case(
        "a function that is not there",
        in_config("spacy_mtl.Constant.v1", "mine.Constant.v1"),
        found(DAMAGE, "components.mtl.weighting", "mine.Constant.v1", "--code"),
    ),
    Case(
        "a factory that is not there",
        in_config('factory = "mtl_ner"', 'factory = "my_ner"'),
        found(DAMAGE, "components.ner", "my_ner"),
    ),
    Case("no model", lambda f: (f / "ner/model").unlink(), found(DAMAGE, "ner/model", "no such")),
    Case("no component", lambda f: shutil.rmtree(f / "ner"), found(DAMAGE, "ner/model")),
    Case("an empty model", truncate("ner/model", 0), found(DAMAGE, "ner/model")),
    Case("a model cut short", truncate("mtl/model", 0.9), found(DAMAGE, "mtl/model")),
    Case(
        "a model that is a text", write("ner/model", "a text"), found(DAMAGE, "ner/model", "read")
    ),
    Case(
        "a model that is a list",
        lambda f: (f / "ner/model").write_bytes(srsly.msgpack_dumps([1])),
        found(DAMAGE, "ner/model", "lists"),
    ),
    Case("swapped models", swap("ner/model", "tagger/model"), found(DAMAGE, "ner/cfg", "classes")),
    Case("weights that are NaN", nan_in("ner"), found(DAMAGE, "ner/model", "NaN")),
    Case(
        "a label less",
        in_json("ner/cfg", labels=["PER"]),
        found(DAMAGE, "ner/cfg", "1 labels", "5 classes", "scores 9"),
    ),
    Case(
        "a label more",
        in_json("textcat/cfg", labels=["a", "b", "c"]),
        found(DAMAGE, "textcat/cfg", "3 classes", "scores 2"),
    ),
    Case(
        "labels that are letters", in_json("ner/cfg", labels="PER"), found(DAMAGE, "ner/cfg", "PER")
    ),
    Case("labels that are none", in_json("ner/cfg", labels=None), found(DAMAGE, "ner/cfg")),
    Case("no labels", write("ner/cfg", "{}"), found(DAMAGE, "ner/cfg", "labels")),
    Case("a broken cfg", write("ner/cfg", "{"), found(DAMAGE, "ner/cfg")),
    Case(
        "other bytes than were written",
        lambda f: (f / "vocab/key2row").write_bytes(b"\x81\x01\x01"),
        found(DAMAGE, CHECKSUMS, "vocab/key2row"),
    ),
    Case(
        "a file that is missing",
        lambda f: (f / "tokenizer").unlink(),
        found(DAMAGE, CHECKSUMS, "tokenizer"),
    ),
    Case("broken checksums", write(CHECKSUMS, "[1]"), found(DAMAGE, CHECKSUMS)),
    Case("a pipe in it", lambda f: os.mkfifo(f / "mtl/more"), found(DAMAGE, "mtl/more", "end")),
    # What is no pipeline at all, or made to break the check.
    Case("a pipeline that is a number", set_pipeline("3"), found(DAMAGE, "[nlp]", "pipeline", "3")),
    Case("a pipeline that is a word", set_pipeline('"ner"'), found(DAMAGE, "[nlp]", "list")),
    Case("a list in it", set_pipeline('[["a"]]'), found(DAMAGE, "[nlp]", "['a']", "names")),
    Case("a name twice", set_pipeline('["ner","ner"]'), found(DAMAGE, "[nlp]", "more than once")),
    Case("no block", set_pipeline('["x"]'), found(DAMAGE, "components.x", "no such block")),
    Case("a block that is a number", set_component, found(DAMAGE, "components.ner", "3", "[nlp]")),
    *(
        Case(
            f"a component called {name}",
            set_pipeline(json.dumps([name])),
            found(DANGER, "[nlp]", "plain name", "not opened"),
        )
        for name in ("../secret", "/", "..", ".", "", "a/b", "a\\b", "C:")
    ),
    Case("a component that is a link", link_folder, found(DANGER, "ner", "link out")),
    Case("links in a loop", link_loop, found(DAMAGE, "ner/model", "leads nowhere")),
    *(
        Case(f"{file}, larger than memory", grow(file), found(DAMAGE, file, "GiB"))
        for file in ("config.cfg", "meta.json", "ner/model", "ner/cfg")
    ),
    Case("a config that is a pipe", pipe("config.cfg"), found(DAMAGE, "config.cfg", "no file")),
    Case("a meta that is a pipe", pipe("meta.json"), found(DAMAGE, "meta.json", "no file")),
    Case("a model that is a pipe", pipe("ner/model"), found(DAMAGE, "ner/model", "no file")),
    Case("a cfg that is a pipe", pipe("ner/cfg"), found(DAMAGE, "ner/cfg", "no file")),
    Case("checksums that are a pipe", pipe(CHECKSUMS), found(DAMAGE, CHECKSUMS, "no file")),
    Case(
        "brackets without end",
        write("more.json", "[" * 100000),
        Gives([]),
    ),
    Case(
        "a requirement without a name",
        in_json("meta.json", requirements=[">=3"]),
        found(DAMAGE, "meta.json", "requirements", ">=3", "spacy>=3.8"),
    ),
    Case(
        "two words for a requirement",
        in_json("meta.json", requirements=["a b"]),
        found(DAMAGE, "meta.json", "requirements", "a b"),
    ),
    Case(
        "a number for a requirement",
        in_json("meta.json", requirements=[3]),
        found(DAMAGE, "meta.json", "requirements", "3"),
    ),
    Case(
        "requirements that are none",
        in_json("meta.json", requirements={"a": 1}),
        found(DAMAGE, "meta.json", "requirements", "list"),
    ),
    Case(
        "a version that is a word",
        in_json("meta.json", spacy_version="new"),
        found(DAMAGE, "meta.json", "spacy_version", "new", "range"),
    ),
    Case(
        "a version that is a list",
        in_json("meta.json", spacy_version=[3]),
        found(DAMAGE, "meta.json", "spacy_version", "[3]"),
    ),
    *(
        Case(
            f"{key} with {value!r} in a model",
            in_model("ner", lambda model, key=key, value=value: model[key].__setitem__(0, value)),
            found(DAMAGE, "ner/model", "layer"),
        )
        for key in ("nodes", "attrs", "params", "shims")
        for value in (3, None, "a")
    ),
    *(
        Case(
            f"{key} {value!r} of a layer",
            in_model(
                "ner", lambda model, key=key, value=value: model["nodes"][0].update({key: value})
            ),
            found(DAMAGE, "ner/model", "layer 0"),
        )
        for key, value in (
            ("dims", 5),
            ("refs", 6),
            ("dims", {"nO": "a"}),
            ("refs", {"output_layer": 700}),
            ("refs", {"output_layer": -1}),
            ("refs", {"output_layer": []}),
        )
    ),
    Case(
        "an array that is a list",
        in_model("ner", lambda model: model["params"][0].update(W=[3])),
        found(DAMAGE, "ner/model", "'W'", "array"),
    ),
    Case(
        "a wrapped model that is a number",
        in_model("mtl", lambda model: model["shims"].__setitem__(0, [5])),
        found(DAMAGE, "mtl/model", "wrapped models"),
    ),
    Case(
        "an encoder without weights",
        in_shim(lambda message: message.pop("state")),
        found(DAMAGE, "mtl/model", "encoder", "state"),
    ),
    Case(
        "an array where a setting is expected",
        in_shim(lambda message: message["config"].update(auto_map=numpy.zeros(2))),
        found(DAMAGE, "mtl/model", "cannot be checked"),
    ),
    Case(
        "weights with a flipped bit",
        in_shim(flipped_weights),
        found(DAMAGE, "mtl/model", "checksum"),
    ),
    Case("an encoder that has NaN", in_weights(nan_weight), found(DAMAGE, "mtl/model", "NaN")),
    Case(
        "weights that would fill the memory",
        in_weights(blown_up),
        found(DAMAGE, "mtl/model", "larger than what is saved"),
    ),
    Case(
        "half precision that is NaN", in_model("ner", half_nan), found(DAMAGE, "ner/model", "NaN")
    ),
    Case("a label twice", in_json("ner/cfg", labels=["A", "A"]), found(DAMAGE, "ner/cfg", "once")),
    Case("an empty label", in_json("ner/cfg", labels=["A", ""]), found(DAMAGE, "ner/cfg", "empty")),
    Case("a cfg that is a list", write("ner/cfg", "[]"), found(DAMAGE, "ner/cfg", "list")),
    Case(
        "code of a hub's pipeline",
        lambda f: srsly.write_json(f / "mtl/x.json", [[{"custom_pipelines": {"a": "b"}}]]),
        found(DANGER, "mtl/x.json", "custom_pipelines"),
    ),
    Case(
        "the version of code, in the config",
        in_config("use_fast = true", 'use_fast = true\ncode_revision = "main"'),
        found(DANGER, "tokenizer_config", "code_revision"),
    ),
    # What is good to know.
    Case("a module", write("mtl/code.py", ""), found(NOTE, "mtl/code.py", "code")),
    Case(
        "a package with code of its own",
        lambda f: (f.parent / "__init__.py").write_text("from . import mine\n"),
        found(NOTE, "__init__.py", "mine"),
    ),
    Case("all as it was written", lambda f: None, Gives([])),
    Case("no checksums", lambda f: (f / CHECKSUMS).unlink(), Gives([])),
    Case(
        "a file more, as of a package",
        write("README.md", "What it is for"),
        Gives([]),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_saved_pipeline(
    case: Case, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def run(change: Change) -> Any:
        change(folder)
        return check_pipeline(str(folder)).findings

    check(case, run)
    assert not (tmp_path / "unpickled").exists()
    assert not Path("/tmp/spacy_mtl_written").exists()


NAMES = [
    Case("no such thing", "no_such_pipeline", Refused("no_such_pipeline", error=NoPipelineError)),
    Case("dots", "os.path", Refused("os.path", "package", error=NoPipelineError)),
    Case("a module", "json", Refused("config.cfg", "model-best", error=NoPipelineError)),
    Case("a folder without one", "tests", Refused("config.cfg", "none", error=NoPipelineError)),
    Case("no name", "", Refused("config.cfg", error=NoPipelineError)),
    Case("a long name", "a/" * 3000, Refused("neither a folder", error=NoPipelineError)),
    Case("what is no name", "a\0b", Refused("neither a folder", error=NoPipelineError)),
    Case("a file", "a.whl", Refused("a.whl", "file", "zipfile", error=NoPipelineError)),
]


@pytest.mark.parametrize("case", NAMES, ids=name_of)
def test_names(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "a.whl").touch()
    check(case, check_pipeline)


def test_package_is_not_imported(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "en_of_others"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('imported')\n")
    shutil.copytree(saved, package / "en_of_others-1.0.0")
    monkeypatch.syspath_prepend(tmp_path)
    checked = check_pipeline("en_of_others")
    assert checked.folder.name == "en_of_others-1.0.0"
    assert checked.is_good


EVIL = """
from pathlib import Path
(Path(__file__).parent.parent / "imported").touch()
def make(*args, **kwargs): ...
"""
POINTS = """
[spacy_factories]
evil = xx_evil:make
ner = xx_evil:make
[spacy_architectures]
evil.Model.v1 = xx_evil:make
[spacy_languages]
en = xx_evil:make
[spacy_mtl_weightings]
spacy_mtl.Constant.v1 = xx_evil:make
[thinc_layers]
evil.Layer.v1 = xx_evil:make
[srsly_msgpack_decoders]
evil = xx_evil:make
"""


def test_nothing_that_is_installed_is_imported(saved: Path, tmp_path: Path) -> None:
    """The package that is checked offers factories, functions and decoders."""
    package = tmp_path / "xx_evil"
    package.mkdir()
    (package / "__init__.py").write_text(EVIL)
    info = tmp_path / "xx_evil-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: xx-evil\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    folder = Path(shutil.copytree(saved, package / "xx_evil-1.0.0"))
    in_config('factory = "mtl_ner"', 'factory = "evil"')(folder)
    in_config("spacy_mtl.HardSharing.v1", "evil.Model.v1")(folder)
    in_config("spacy_mtl.Constant.v1", "registered.OnImport.v1")(folder)
    write_checksums(folder)
    code = (
        "from spacy_mtl.deploy.check import check_pipeline\n"
        "for each in check_pipeline('xx_evil').findings: print(each.kind, each.where, each.text)\n"
    )
    paths = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "imported").exists()
    # What is offered is known. What importing it might bring is told, and no damage.
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{NOTE} config.cfg [components.mtl.weighting]")
    assert "registered.OnImport.v1" in line
    assert "xx_evil" in line


def test_functions_of_spacy_by_name() -> None:
    register_own("ja")
    known = [
        ("architectures", "spacy.TransitionBasedParser.v2"),
        ("architectures", "spacy.Tok2Vec.v1"),  # of spacy-legacy, by spaCy's name
        ("tokenizers", "spacy.ja.JapaneseTokenizer"),
        ("loggers", "spacy.WandbLogger.v5"),
        ("optimizers", "Adam.v1"),
        ("layers", "spacy.extract_spans.v1"),
        ("misc", "spacy.ngram_suggester.v1"),
        ("span_getters", "spacy-transformers.doc_spans.v1"),
    ]
    assert [each for each in known if not has_function(*each)] == []
    assert not has_function("architectures", "spacy.Tok2Vec.v99")
    assert not has_function("get", "x")
    assert not has_function("no_such_registry", "x")
    stock = ["ner", "parser", "textcat", "sentencizer", "entity_linker", "transformer", "mtl"]
    assert [each for each in stock if not has_factory(each, "en")] == []
    assert not has_factory("no_such_factory", "en")


def cnn(nlp: Language, encoder_dir: str) -> None:
    add_joint(nlp, None)
    for name, factory in HEADS.items():
        nlp.add_pipe(factory, name=name)


def ours_outside(nlp: Language, encoder_dir: str) -> None:
    model = {"@architectures": "spacy_mtl.TransformerModel.v1", "name": encoder_dir}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("mtl")
    nlp.add_pipe("mtl_textcat_multilabel")


def stock_outside(nlp: Language, encoder_dir: str) -> None:
    add_joint(nlp, encoder_dir)
    nlp.add_pipe("mtl_tagger")


def stock_alone(nlp: Language, encoder_dir: str) -> None:
    nlp.add_pipe("tok2vec")
    for name in ("tagger", "ner", "textcat", "sentencizer", "attribute_ruler", "entity_ruler"):
        nlp.add_pipe(name)


@pytest.mark.parametrize("build", [cnn, ours_outside, stock_outside, stock_alone])
@pytest.mark.parametrize("is_initialized", [True, False])
def test_good_pipelines(build: Any, is_initialized: bool, encoder_dir: str, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    build(nlp, encoder_dir)
    if is_initialized:
        nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path / "pipeline")
    checked = check_pipeline(str(tmp_path / "pipeline"))
    assert checked.findings == []
    assert [part.name for part in checked.parts] == nlp.pipe_names


def test_folder_that_is_closed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may be allowed everything."""
    closed = {str(folder / "ner"), str(folder / "mtl/model")}
    scandir, read = os.scandir, Path.read_bytes

    def scan(path: Any) -> Any:
        if str(path) in closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    def read_bytes(path: Path) -> bytes:
        if str(path) in closed:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(os, "scandir", scan)
    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    findings = check_pipeline(str(folder)).findings
    assert {each.kind for each in findings} == {DAMAGE}
    text = " ".join(f"{each.where}: {each.text}" for each in findings)
    assert "mtl/model: It cannot be read: [Errno 13]" in text
    assert "ner: It cannot be looked into" in text


def test_whatever_fails_is_a_finding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("spacy_mtl.deploy.check_component.unpack_plain", fail)
    monkeypatch.setattr("spacy_mtl.deploy.check_component.check_labels", fail)
    findings = check_pipeline(str(folder)).findings
    assert {each.kind for each in findings} == {DAMAGE}
    assert {each.where for each in findings} == {
        *("mtl/model", "ner/cfg", "tagger/cfg", "textcat/cfg"),
    }


def test_what_is_shown_does_not_steer_the_terminal(folder: Path) -> None:
    set_pipeline(json.dumps(["\x1b[2J/x"]))(folder)
    done = CliRunner().invoke(mtl_cli, ["check", str(folder)])
    assert done.exit_code == 1
    assert "[2J/x" in done.output
    assert "\x1b[2J" not in done.output


def test_parts(saved: Path) -> None:
    parts = {part.name: part for part in check_pipeline(str(saved)).parts}
    nlp = spacy.load(saved)
    assert list(parts) == nlp.pipe_names
    (network,) = [shim._model for node in nlp.get_pipe("mtl").model.walk() for shim in node.shims]
    assert parts["mtl"].n_parameters == sum(p.numel() for p in network.parameters())
    assert parts["ner"].n_labels == len(nlp.get_pipe("ner").labels)
    assert parts["ner"].n_bytes == sum(f.stat().st_size for f in (saved / "ner").iterdir())


def test_command(folder: Path) -> None:
    good = CliRunner().invoke(mtl_cli, ["check", str(folder)])
    assert good.exit_code == 0
    assert "its files are those that were written" in good.output
    kwargs_of(trust_remote_code=True)(folder)
    bad = CliRunner().invoke(mtl_cli, ["check", str(folder)])
    assert bad.exit_code == 1
    assert "Do not load it" in bad.output
    assert "trust_remote_code" in bad.output
    missing = CliRunner().invoke(mtl_cli, ["check", "no_such_pipeline"])
    assert missing.exit_code == 1
    assert "neither a folder nor an installed package" in missing.output


def test_command_in_a_process_of_its_own(tmp_path: Path, encoder_dir: str) -> None:
    """Nothing is imported there but what the command itself imports; stock components are known."""
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": encoder_dir}})
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
    nlp.add_pipe("mtl")
    nlp.add_pipe("mtl_ner", name="ner")
    nlp.add_pipe(
        "tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}}
    )
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("entity_ruler")
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path / "pipeline")
    command = [sys.executable, "-m", "spacy", "mtl", "check", "pipeline"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "It has no checksums" in done.stdout


def test_harmful_pickle_is_one() -> None:
    """The test above would pass with a harmless file."""
    assert b"mkdir" in pickle.dumps(MakesFolder())
