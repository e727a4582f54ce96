"""`spacy mtl check`: what is wrong with a pipeline, and what is found, without loading it."""

import json
import os
import pickle
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
from tiny import HEADS, add_joint, inner, make_examples
from typer.testing import CliRunner

from spacy_mtl.cli import mtl_cli
from spacy_mtl.deploy.check import check_pipeline
from spacy_mtl.deploy.findings import DAMAGE, DANGER, NOTE
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


class Harmful:
    """What runs when it is unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("unpickled",)


def pickled_weights(message: Dict[str, Any]) -> None:
    buffer = BytesIO()
    torch.save({"weight": Harmful()}, buffer)
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
    assert b"mkdir" in pickle.dumps(Harmful())
