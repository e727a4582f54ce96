"""What our commands are given: an error that says what and where, and nothing half done."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Union

import pytest
import spacy
from cases import Case, Gives, Refused, check, check_message, name_of
from short_training import config_of, set_corpora
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from thinc.api import ConfigValidationError
from tiny_corpus import make_docs
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the commands)
from spacy_mtl.cli.errors import CommandError
from spacy_mtl.corpus.convert import ConversionError
from spacy_mtl.deploy.quantize import QuantizationError
from spacy_mtl.deploy.saved import NoPipelineError
from spacy_mtl.files import WriteError, damaged_files
from spacy_mtl.train.checkpoint import CheckpointError
from spacy_mtl.train.corpora import explained_corpora
from spacy_mtl.train.loop import Training
from spacy_mtl.train.settings import check_corpora, check_training

CODE = '''
import os
import spacy

@spacy.registry.batchers("none.v1")
def none():
    return lambda examples: iter(())

@spacy.registry.batchers("empty.v1")
def empty():
    return lambda examples: ([] for _ in examples)

@spacy.registry.batchers("empty_for_ever.v1")
def empty_for_ever():
    def batcher(examples):
        while True:
            yield []
    return batcher

@spacy.registry.batchers("first_empty.v1")
def first_empty():
    def batcher(examples):
        yield []
        yield list(examples)
    return batcher

@spacy.registry.batchers("mistake.v1")
def mistake():
    def batcher(examples):
        return 1 + "a"
    return batcher

@spacy.registry.batchers("refuses.v1")
def refuses():
    def batcher(examples):
        raise ValueError("I want no examples")
    return batcher

@spacy.registry.readers("fails_later.v1")
def fails_later():
    def reader(nlp):
        raise LookupError("no such thing")
    return reader

@spacy.registry.readers("nothing_later.v1")
def nothing_later():
    """Texts for initialization, and then none."""
    from spacy.training import Corpus
    def reader(nlp):
        if "INITIALIZED" not in os.environ:
            yield from Corpus("corpus.spacy")(nlp)
    return reader

@spacy.registry.readers("wordless.v1")
def wordless():
    from spacy.tokens import Doc
    from spacy.training import Corpus, Example
    def reader(nlp):
        if "INITIALIZED" not in os.environ:
            yield from Corpus("corpus.spacy")(nlp)
        else:
            yield Example(Doc(nlp.vocab), Doc(nlp.vocab))
    return reader

@spacy.registry.readers("endless.v1")
def endless():
    from spacy.training import Corpus
    def reader(nlp):
        while True:
            yield from Corpus("corpus.spacy")(nlp)
    return reader
'''


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the cases name."""
    folder = tmp_path_factory.mktemp("files")
    docs = make_docs(spacy.blank("en"))
    DocBin(docs=docs, store_user_data=True).to_disk(folder / "corpus.spacy")
    DocBin().to_disk(folder / "empty.spacy")
    DocBin(docs=[Doc(docs[0].vocab)]).to_disk(folder / "wordless.spacy")
    content = (folder / "corpus.spacy").read_bytes()
    (folder / "zero.spacy").write_bytes(b"")
    (folder / "cut.spacy").write_bytes(content[: len(content) // 2])
    (folder / "text.spacy").write_text("A corpus?")
    (folder / "folder").mkdir()
    (folder / "code.py").write_text(CODE)
    (folder / "syntax.py").write_text("def f(:\n")
    (folder / "raises.py").write_text("x = 1\nx.y\n")
    config = config_of("corpus.spacy", max_steps=2, eval_frequency=1)
    config.to_disk(folder / "config.cfg")
    text = (folder / "config.cfg").read_text()
    for mixed in (False, True):
        config = config_of("corpus.spacy", max_steps=2, eval_frequency=1)
        schedule = {"@mtl_schedules": "spacy_mtl.Uniform.v1"}
        set_corpora(config, "corpus.spacy", schedule, mixed=mixed)
        config.to_disk(folder / ("mixed.cfg" if mixed else "multi.cfg"))
    config["training"]["batcher"] = config["training"]["batcher"]["batcher"]
    config.to_disk(folder / "unwrapped.cfg")
    source = spacy.blank("en")
    source.add_pipe("sentencizer")
    source.to_disk(folder / "source")
    config = config_of("corpus.spacy", max_steps=2, eval_frequency=1)
    config["components"]["sentences"] = {"source": "x", "component": "sentencizer"}
    config["nlp"]["pipeline"] = ["sentences", *config["nlp"]["pipeline"]]
    config["training"]["score_weights"] = {"tag_acc": 1.0}
    config.to_disk(folder / "sourced.cfg")
    (folder / "no-header.cfg").write_text("[training\nx = 1\n")
    (folder / "binary.cfg").write_bytes(b"\xff\xfe\x00[nlp]")
    (folder / "empty.cfg").write_text("")
    (folder / "no-training.cfg").write_text('[nlp]\nlang = "en"\npipeline = []\n')
    (folder / "twice.cfg").write_text(text + '\n[nlp]\nlang = "de"\n')
    (folder / "a-file").write_text("")
    return folder


@pytest.fixture
def here(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in files.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    # Else messages are cut into lines.
    monkeypatch.setenv("WASABI_LOG_FRIENDLY", "1")
    return tmp_path


Given = Union[str, List[str]]


def run(command: str, given: Given) -> str:
    """RETURNS (str): What the command says. RAISES (ValueError): With that, if it ends with 1."""
    args = given.split() if isinstance(given, str) else list(given)
    if not (args and args[0].endswith(".cfg")):
        args = ["config.cfg", *args]
    if command == "train" and "--output" not in args:
        args += ["--output", "out"]
    result = CliRunner().invoke(app, ["mtl", command, *args])
    text = " ".join(result.output.split())
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        # In-process, an error of click is one of these, too.
        text += f" {getattr(result.exception, 'message', '')}"
        if not hasattr(result.exception, "exit_code"):
            raise result.exception
    assert "Traceback" not in text
    if result.exit_code:
        raise ValueError(text)
    return text


def says(*words: str) -> Gives:
    return Gives(lambda text: check_message(text, words) is None)


def training(name: str, value: Any, *words: str) -> Case:
    is_named = f"'{name}' is {value}"
    return Case(
        f"{name} of {value}",
        f"--training.{name}={value}",
        Refused("Mend in [training]", is_named, *words),
    )


MULTI = "multi.cfg --corpora.train.corpora"
CODED = "--code code.py --training.batcher"
NO_BATCH = "--training.batcher.size=1 --training.batcher.tolerance=0.0"
NO_BATCH += " --training.batcher.discard_oversize=true"
OF_CORPUS = ["--training.batcher.batcher.size=1", "--training.batcher.batcher.tolerance=0.0"]
OF_CORPUS += ["--training.batcher.batcher.discard_oversize=true"]

# Of both commands: the same is wrong, and is told in the same words.
BOTH = [
    training("eval_frequency", 0, "1 or more"),
    training("eval_frequency", -5, "1 or more"),
    training("accumulate_gradient", 0, "1 or more"),
    training("accumulate_gradient", -1, "1 or more"),
    training("patience", -1, "0 or more"),
    training("max_steps", -1, "0 or more"),
    training("max_epochs", -2, "-1 or more"),
    training("dropout", -0.1, "from 0 to below 1"),
    training("dropout", 1.5, "from 0 to below 1"),
    training("seed", -4, "or null"),
    Case(
        "two at once",
        "--training.patience=-1 --training.eval_frequency=0",
        Refused("'patience' is -1", "'eval_frequency' is 0"),
    ),
    Case("steps of text", "--training.max_steps=lots", Refused("max_steps", "valid integer")),
    Case("half a step", "--training.max_steps=1.5", Refused("max_steps", "valid integer")),
    Case("dropout of NaN", "--training.dropout=NaN", Refused("dropout", "valid number")),
    Case("no header", "no-header.cfg", Refused("no-header.cfg", "formatted correctly")),
    Case("binary config", "binary.cfg", Refused("binary.cfg is no text in UTF-8", "config file")),
    Case("empty config", "empty.cfg", Refused("empty.cfg is no config", "[nlp]", "init config")),
    Case("a block twice", "twice.cfg", Refused("twice.cfg")),
    Case("no config", "nowhere.cfg", Refused("nowhere.cfg", "does not exist")),
    Case("unknown factory", "--components.ner.factory=nerr", Refused("factory for 'nerr'")),
    Case(
        "unknown architecture",
        "--components.mtl.model.@architectures=x.v1",
        Refused("'x.v1'", "architectures", "spacy_mtl.HardSharing.v1"),
    ),
    Case("unknown reader", "--corpora.train.@readers=x.v1", Refused("'x.v1'", "readers")),
    Case("unknown component", ['--nlp.pipeline=["mtl", "x"]'], Refused("component 'x'", "tagger")),
    Case("unknown language", "--nlp.lang=xx1", Refused("language xx1")),
    Case("unknown block", "--foo.bar=1", Refused("foo", "not a section")),
    Case("no block at all", "--foo", Refused("no such option", "--foo")),
    Case("an argument more", "more", Refused("'more'", "should start with --")),
    Case(
        "unknown setting",
        "--training.max_stepps=3",
        Refused("--training.max_stepps", "no such setting", "max_steps"),
    ),
    Case(
        "unknown setting of the pipeline",
        "--nlp.batch_sizes=3",
        Refused("--nlp.batch_sizes", "no such setting", "batch_size"),
    ),
    Case("unknown variable", ["--paths.train=${paths.x}"], Refused("paths.x")),
    Case("unknown corpus", "--training.train_corpus=corpora.x", Refused("corpora.x")),
    Case(
        "training corpus: not there",
        "--corpora.train.path=x.spacy",
        Refused("[corpora.train] is missing", "x.spacy", "Mend 'path'"),
    ),
    Case(
        "development corpus: not there",
        "--corpora.dev.path=x.spacy",
        Refused("[corpora.dev] is missing", "x.spacy", "Mend 'path'"),
    ),
    Case(
        "training corpus: 0 bytes",
        "--corpora.train.path=zero.spacy",
        Refused("[corpora.train] is damaged", "zero.spacy has 0 bytes"),
    ),
    Case(
        "development corpus: 0 bytes",
        "--corpora.dev.path=zero.spacy",
        Refused("[corpora.dev] is damaged", "zero.spacy has 0 bytes"),
    ),
    Case(
        "training corpus: cut off",
        "--corpora.train.path=cut.spacy",
        Refused("[corpora.train] is damaged", "cut.spacy cannot be read"),
    ),
    Case(
        "development corpus: cut off",
        "--corpora.dev.path=cut.spacy",
        Refused("[corpora.dev] is damaged", "cut.spacy cannot be read"),
    ),
    Case(
        "text as a corpus",
        "--corpora.train.path=text.spacy",
        Refused("[corpora.train] is damaged or no .spacy file", "text.spacy"),
    ),
    Case("no name of a corpus", ["--corpora.train.path="], Refused("[corpora.train] is not named")),
    Case(
        "two things at once",
        "--corpora.train.path=x.spacy --training.score_weights.tag_acc=2",
        Refused("[corpora.train] is missing", "It failed with"),
    ),
    Case("null for a corpus", "--corpora.train.path=null", Refused("path can't be None")),
    Case("no such code", "--code nope.py", Refused("nope.py", "not found")),
    Case("a folder as code", "--code folder", Refused("--code folder is a folder", "Python file")),
    Case("code with a typo", "--code syntax.py", Refused("syntax.py, line 1", "invalid syntax")),
    Case(
        "code that fails",
        "--code raises.py",
        Refused("AttributeError", "has no attribute 'y'", "raises.py, line 2", "--debug"),
    ),
]
for name in ("one", "two"):
    for file in ("x.spacy", "zero.spacy", "cut.spacy"):
        BOTH.append(
            Case(
                f"corpus '{name}' of several: {file}",
                f"{MULTI}.{name}.path={file}",
                Refused(name, file),
            )
        )


@pytest.mark.parametrize("command", ["train", "debug-data"])
@pytest.mark.parametrize("case", BOTH, ids=name_of)
def test_both(case: Case, command: str, here: Path) -> None:
    check(case, lambda given: run(command, given))
    # Nothing to go on from, which would keep the mended command from beginning.
    assert not (here / "out").exists() or not list((here / "out").iterdir())


TRAIN = [
    Case("as it should be", "", says("Saved pipeline")),
    Case("several corpora", "multi.cfg", says("Saved pipeline")),
    # It is put inside of another, and is another setting then.
    Case(
        "a batcher that is wrapped",
        "unwrapped.cfg --training.batcher.size=9",
        says("Saved pipeline"),
    ),
    Case(
        "a component from elsewhere",
        "sourced.cfg --components.sentences.source=source",
        says("Saved pipeline"),
    ),
    Case(
        "training corpus: no texts",
        "--corpora.train.path=empty.spacy",
        Refused("[corpora.train] is empty", "empty.spacy has no documents"),
    ),
    Case(
        "training corpus: a stream of no texts",
        "--corpora.train.path=empty.spacy --training.max_epochs=-1",
        Refused("[corpora.train] is empty", "empty.spacy has no documents"),
    ),
    Case(
        "training corpus: no files",
        "--corpora.train.path=folder",
        Refused("[corpora.train] is empty", "the folder folder has no files *.spacy"),
    ),
    Case("no words", "--corpora.train.path=wordless.spacy", Refused("Cannot train")),
    Case(
        "no texts", f"{MULTI}.one.path=empty.spacy", Refused("corpora.one] is empty", "empty.spacy")
    ),
    Case(
        "development corpus: no texts",
        "--corpora.dev.path=empty.spacy",
        says("Saved pipeline", "development corpus 'corpora.dev' gives no text", "Mend its 'path'"),
    ),
    Case(
        "development corpus: no words",
        "--corpora.dev.path=wordless.spacy",
        says("Saved pipeline", "development corpus 'corpora.dev' gives no text"),
    ),
    Case("no block of training", "no-training.cfg", Refused("[training]", "init fill-config")),
    Case("an output that is a file", "--output a-file", Refused("--output a-file is no folder")),
    Case("an output in a file", "--output a-file/x", Refused("--output a-file/x is no folder")),
    Case("no such GPU", "--gpu-id 63", Refused("--gpu-id 63", "-1 for the CPU")),
    Case("a GPU below the CPU", "--gpu-id -2", Refused("--gpu-id", "-1")),
    Case("no steps between", "--every 0", Refused("--every", "1")),
    Case("all too long", NO_BATCH, Refused("over 4 texts", "discard_oversize = false")),
    Case(
        "all too long, without end",
        f"{NO_BATCH} --training.max_epochs=-1",
        Refused("a whole pass over 4 texts", "[training.batcher]", "discard_oversize = false"),
    ),
    Case(
        "all too long, of several",
        ["multi.cfg", *OF_CORPUS],
        Refused("makes no batch", "discard_oversize = false"),
    ),
    Case(
        "all too long, of several, without end",
        ["multi.cfg", *OF_CORPUS, "--training.max_epochs=-1"],
        Refused("makes no batch", "discard_oversize = false"),
    ),
    Case(
        "all too long, mixed",
        ["mixed.cfg", *OF_CORPUS],
        Refused("makes no batch of the corpora", "discard_oversize = false"),
    ),
]


@pytest.mark.parametrize("case", TRAIN, ids=name_of)
def test_train(case: Case, here: Path) -> None:
    check(case, lambda given: run("train", given))
    if isinstance(case.answer, Refused):
        assert not (here / "out").exists() or not list((here / "out").iterdir())
    else:
        assert not damaged_files(here / "out/model-best")


DEBUG = [
    Case(
        "no texts to train on",
        "--corpora.train.path=empty.spacy",
        Refused("The corpus 'corpora.train' gives no text: training stops there"),
    ),
    Case(
        "no texts to measure on",
        "--corpora.dev.path=empty.spacy",
        says("The corpus 'corpora.dev' gives no text: nothing can be scored"),
    ),
]


@pytest.mark.parametrize("case", DEBUG, ids=name_of)
def test_debug_data(case: Case, here: Path) -> None:
    check(case, lambda given: run("debug-data", given))


CODED_CASES = [
    Case(
        "a batcher of corpora without any",
        {"inner": "first_empty.v1", "reader": "nothing_later.v1", "max_epochs": -1},
        Refused("spacy_mtl.CorpusBatcher.v1 gets no examples in a pass", "'train_corpus'"),
    ),
    Case("no batch", {"batcher": "none.v1"}, Refused("makes no batch", "a whole pass over 4")),
    Case("empty batches", {"batcher": "empty.v1"}, Refused("makes no batch", "over 4 texts")),
    Case("empty for ever", {"batcher": "empty_for_ever.v1"}, Refused("makes no batch")),
    Case(
        "empty batches of a stream",
        {"batcher": "empty.v1", "max_epochs": -1},
        Refused("makes no batch", "over 4 texts"),
    ),
    Case("one of several empty", {"batcher": "first_empty.v1"}, says("Saved pipeline")),
    Case(
        "one of several empty, of several corpora",
        {"inner": "first_empty.v1"},
        says("Saved pipeline"),
    ),
    Case(
        "empty batches of several", {"inner": "empty.v1"}, Refused("makes no batch of the corpus")
    ),
    Case(
        "a stream of nothing",
        {"reader": "nothing_later.v1", "max_epochs": -1},
        Refused("makes no batch", "over 0 texts", "'train_corpus'"),
    ),
    Case("a list of nothing", {"reader": "nothing_later.v1"}, Refused("Could not create any")),
    Case(
        "no epochs of nothing",
        {"reader": "nothing_later.v1", "max_epochs": 0},
        Refused("Could not create any"),
    ),
    Case("no tokens", {"reader": "wordless.v1"}, Refused("makes no batch with a token", "1 texts")),
    Case(
        "a stream without tokens",
        {"reader": "wordless.v1", "max_epochs": -1},
        Refused("makes no batch with a token", "1 texts"),
    ),
    Case(
        "nothing of an endless stream",
        {"reader": "endless.v1", "max_epochs": -1, "batcher": "empty.v1"},
        Refused("makes no batch with a token of 500 texts"),
    ),
    Case(
        "a mistake in code",
        {"batcher": "mistake.v1"},
        Refused("TypeError", "unsupported operand", "code.py, line", "in batcher", "--debug"),
    ),
    Case(
        "code that refuses",
        {"batcher": "refuses.v1"},
        Refused("I want no examples", "code.py, line", "in batcher"),
    ),
    Case(
        "a reader that fails",
        {"dev": "fails_later.v1"},
        Refused("LookupError", "no such thing", "code.py, line", "in reader"),
    ),
]


@pytest.mark.parametrize("case", CODED_CASES, ids=name_of)
def test_code(case: Case, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_mtl.train.corpora._MOST_WITHOUT", 500)

    def initialize(*args: Any, **kwargs: Any) -> Any:
        nlp = init_nlp(*args, **kwargs)
        monkeypatch.setenv("INITIALIZED", "1")
        return nlp

    monkeypatch.setattr("spacy_mtl.cli.train.init_nlp", initialize)

    def go(given: Dict[str, Any]) -> str:
        is_multi = "inner" in given
        config: Any = spacy.util.load_config("multi.cfg" if is_multi else "config.cfg")
        settings = config["training"]
        settings["max_epochs"] = given.get("max_epochs", settings["max_epochs"])
        if is_multi:
            settings["batcher"]["batcher"] = {"@batchers": given["inner"]}
        if "batcher" in given:
            settings["batcher"] = {"@batchers": given["batcher"]}
        for key, name in (("train", "reader"), ("dev", "dev")):
            if name in given:
                config["corpora"][key] = {"@readers": given[name]}
        config.to_disk("coded.cfg")
        return run("train", "coded.cfg --code code.py")

    check(case, go)
    if isinstance(case.answer, Refused):
        assert not list((here / "out").iterdir())


def test_a_corpus_that_nobody_reads(here: Path) -> None:
    """It is not to blame; what failed is said."""
    config = {
        "corpora": {"train": {"path": "corpus.spacy"}, "pretrain": {"path": "x.jsonl"}},
        "training": {"train_corpus": "corpora.train", "dev_corpus": "corpora.train"},
    }
    text = "the encoder is not there"
    with pytest.raises(ValueError, match=text) as caught, explained_corpora(config):
        raise ValueError(text)
    assert "pretrain" not in str(caught.value)
    config["corpora"]["train"]["path"] = "x.spacy"
    told = f"train. is missing.*It failed with ValueError: {text}"
    with pytest.raises(ValueError, match=told), explained_corpora(config):
        raise ValueError(text)


DEBUGGED = [
    Case("a number", "train config.cfg -o out --training.patience=-1", ValueError),
    Case("of a config", "train config.cfg -o out --training.dropout=x", ConfigValidationError),
    Case("of a block", "train config.cfg -o out --paths.train=${paths.x}", ConfigValidationError),
    Case("a corpus", "train config.cfg -o out --corpora.train.path=x.spacy", ValueError),
    Case("a checkpoint", "train config.cfg -o left --resume", CheckpointError),
    Case("a folder", "train config.cfg -o a-file", CommandError),
    Case("begun", "train config.cfg -o left", CommandError),
    Case("data", "debug-data config.cfg --corpora.train.path=x.spacy", ValueError),
    Case("data: a config", "debug-data config.cfg --training.seed=x", ConfigValidationError),
    Case("quantize: no corpus", "quantize trained out -d x.spacy", QuantizationError),
    Case("quantize: onto itself", "quantize trained trained", CommandError),
    Case("quantize: here", "quantize trained out", WriteError),
    Case("convert: a format", "convert a-file out -f no", ConversionError),
    Case("convert: options", "convert a-file out --no-ner --ner-column 1", ValueError),
    Case("check", "check nowhere", NoPipelineError),
]


@pytest.mark.parametrize("case", DEBUGGED, ids=name_of)
def test_debug_raises(case: Case, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every error, of whatever class; without --debug the same ends with a message."""
    spacy.blank("en").to_disk("trained")
    (here / "left" / "checkpoint-3").mkdir(parents=True)
    if case.answer is WriteError:
        monkeypatch.setattr("os.path.ismount", lambda path: str(path) == str(here / "out"))
    args = ["mtl", *case.given.split()]
    result = CliRunner().invoke(app, [*args, "--debug"])
    assert isinstance(result.exception, case.answer), result.output
    said = CliRunner().invoke(app, args)
    assert isinstance(said.exception, SystemExit)
    assert said.exit_code == 1
    words = str(result.exception).split()[:3]
    assert " ".join(words) in " ".join(said.output.split())


def test_debug_shows_the_traceback(here: Path) -> None:
    """The error as Python has it."""
    args = ["mtl", "train", "config.cfg", "-o", "out", "--training.eval_frequency=0", "--debug"]
    result = CliRunner().invoke(app, args)
    assert isinstance(result.exception, ValueError)
    assert "'eval_frequency' is 0" in str(result.exception)


@pytest.mark.parametrize("command", ["train", "debug-data", "quantize"])
def test_help_has_debug(command: str) -> None:
    """typer still sees the options."""
    text = CliRunner().invoke(app, ["mtl", command, "--help"]).output
    assert "--debug" in text
    assert "--code" in text


def test_an_interrupt_says_how_to_go_on(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(spacy.language.Language, "update", interrupted)
        with pytest.raises(ValueError, match="Interrupted.*--resume goes on from out/checkpoint-0"):
            run("train", "")
    assert "Saved pipeline" in run("train", "--resume")


def test_numbers_are_checked_without_a_command() -> None:
    nlp = spacy.blank("en")
    nlp.config["training"]["eval_frequency"] = 0
    with pytest.raises(ValueError, match="'eval_frequency' is 0"):
        Training(nlp)


def test_weights_that_are_no_numbers() -> None:
    with pytest.raises(ValueError, match=r"'tag_acc' in \[training.score_weights\] is nan"):
        check_training({"score_weights": {"tag_acc": float("nan")}})


def test_a_process_of_its_own(here: Path) -> None:
    """As it is called: status 1, the message, no traceback."""
    args = [sys.executable, "-m", "spacy", "mtl", "train", "config.cfg", "--output", "out"]
    args.append("--corpora.dev.path=cut.spacy")
    result = subprocess.run(args, capture_output=True, text=True)
    assert result.returncode == 1
    text = " ".join((result.stdout + result.stderr).split())
    assert "Traceback" not in text
    assert "[corpora.dev] is damaged" in text


QUANTIZE = [
    Case("loss of NaN", "trained out --max-loss nan", Refused("--max-loss", "nan")),
    Case("loss without end", "trained out --max-loss inf", Refused("--max-loss", "inf")),
    Case("gain without end", "trained out --max-loss -inf", Refused("--max-loss", "inf")),
    Case("more than all", "trained out --max-loss 101", Refused("--max-loss", "from -100 to 100")),
    Case("a loss of text", "trained out --max-loss lots", Refused("--max-loss", "valid number")),
    Case("onto itself", "trained trained --force", Refused("'trained' itself")),
    Case("onto itself by a link", "trained link --force", Refused("'trained' itself")),
    Case("onto itself by dots", "trained x/../trained -f", Refused("'trained' itself")),
    Case("into itself", "trained trained/int8", Refused("is in", "Name another folder")),
    Case("onto its parent", "trained . --force", Refused("has in it", "Name another folder")),
    Case("onto a file", "trained a-file", Refused("'a-file' is a file")),
    Case(
        "onto others' files",
        "trained theirs -f",
        Refused("'theirs'", "else than a pipeline in it: 'notes'", "Name another"),
    ),
    Case("onto a project", "trained project -f", Refused("pipeline in it: 'corpus' and 1 more")),
    Case("onto a project's config", "trained config -f", Refused("there is no meta.json")),
    Case("onto a pipeline in git", "trained in-git -f", Refused("in it: '.git'", "'in-git'")),
    Case("onto half a pipeline", "trained half -f", Refused("there is no tokenizer")),
    Case("onto a config of nothing", "trained cut -f", Refused("its config.cfg cannot be read")),
    Case("into what is not empty", "trained theirs", Refused("'theirs' is not empty", "--force")),
    Case("no pipeline", "nowhere out", Refused("nowhere")),
    Case("no such code", "trained out --code nope.py", Refused("nope.py", "not found")),
]


@pytest.mark.parametrize("case", QUANTIZE, ids=name_of)
def test_quantize(case: Case, here: Path) -> None:
    spacy.blank("en").to_disk("trained")
    (here / "link").symlink_to("trained")
    for name in ("theirs", "project", "config", "in-git", "half", "cut"):
        if name in ("in-git", "half", "cut"):
            shutil.copytree("trained", name)
        else:
            (here / name).mkdir()
    (here / "theirs" / "notes").write_text("theirs")
    for name in ("project", "config"):
        (here / name / "config.cfg").write_text(Path("trained/config.cfg").read_text())
    (here / "project" / "corpus").mkdir()
    (here / "project" / "project.yml").write_text("")
    (here / "in-git" / ".git").mkdir()
    (here / "half" / "tokenizer").unlink()
    (here / "cut" / "config.cfg").write_text("[nlp")
    before = sorted(str(path) for path in here.rglob("*"))

    def go(given: str) -> str:
        result = CliRunner().invoke(app, ["mtl", "quantize", *given.split()])
        assert result.exit_code
        assert isinstance(result.exception, SystemExit)
        raise ValueError(" ".join(result.output.split()))

    check(case, go)
    assert sorted(str(path) for path in here.rglob("*")) == before
    spacy.load("trained")


TRAINING = [
    Case("a seed that is text", {"seed": "x"}, Refused("[training]", "'seed' is 'x'")),
    Case("a seed with a point", {"seed": 1.5}, Refused("[training]", "'seed' is 1.5")),
    Case("no seed", {"seed": None}, Gives(None)),
    Case("dropout by a schedule", {"dropout": {"@schedules": "constant.v1"}}, Gives(None)),
    Case("a weight of text", {"score_weights": {"a": "NaN"}}, Refused("'a'", "score_weights")),
    Case("no weight", {"score_weights": {"a": None, "b": 1}}, Gives(None)),
    Case("nothing", {}, Gives(None)),
]


@pytest.mark.parametrize("case", TRAINING, ids=name_of)
def test_numbers_of_a_training(case: Case) -> None:
    check(case, check_training)


CORPORA = [
    Case("not there", "nope", Refused("'train_corpus'", "'nope'", "corpora.train")),
    Case("empty", "", Refused("'train_corpus'", "corpora.train")),
    Case("all corpora", "corpora", Refused("'train_corpus'", "'corpora'", "@readers")),
    Case("no reader", "training.batcher", Refused("'train_corpus'", "'training.batcher'")),
    Case("too deep", "corpora.train.path.x", Refused("'corpora.train.path.x'")),
    Case("a number", 3, Refused("'train_corpus'", "3")),
    Case("a reader", "corpora.train", Gives(None)),
    Case("the default", None, Gives(None)),
]


@pytest.mark.parametrize("case", CORPORA, ids=name_of)
def test_names_of_corpora(case: Case) -> None:
    block = {"@readers": "spacy.Corpus.v1", "path": "x"}
    config = {"corpora": {"train": block}, "training": {"batcher": {"@batchers": "x"}}}
    check(case, lambda name: check_corpora({**config, "training": {"train_corpus": name}}))
