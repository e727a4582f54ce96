"""Every code block in the README and the pages it links to runs, and every link works."""

import importlib.metadata
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
from packaging.requirements import Requirement
from spacy.cli._util import app
from spacy.cli.train import train
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.util import walk_dict
from thinc.api import Config
from tiny_corpus import make_docs, make_examples
from tiny_pipelines import CNN
from training_logs import log_row, write_log
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the commands)
from spacy_mtl.encoder.openvino import is_installed
from spacy_mtl.registry import registry

ROOT = Path(__file__).parent.parent
#: The README first: later blocks use its results.
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks/README.md"]
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf8") for path in PAGES}


#: What a block calls that needs the log of a training.
LOG = "read_log("


#: Their commands build on each other, or need engines: see tests/test_tutorial.py,
#: tests/test_growing_page.py and tests/test_scale_page.py.
OWN_TESTS = ("docs/tutorial.md", "docs/growing.md", "docs/scale.md")


def blocks(language: str) -> List[str]:
    pattern = rf"^```{language}\n(.*?)^```"
    texts = [text for page, text in TEXTS.items() if page not in OWN_TESTS]
    found = [re.findall(pattern, text, re.MULTILINE | re.DOTALL) for text in texts]
    return [block for of_page in found for block in of_page]


def test_no_block_is_left_out() -> None:
    found = {name for text in TEXTS.values() for name in re.findall(r"^```(\w+)\n", text, re.M)}
    # The others are for clusters: tests/test_scale_page.py looks at them.
    assert found == {"python", "ini", "bash", "sh", "yaml"}


@pytest.mark.parametrize("page", TEXTS)
def test_links(page: str) -> None:
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXTS[page]):
        if not target.startswith("http"):
            path, _, heading = target.partition("#")
            file = folder / path if path else ROOT / page
            assert file.exists(), target
            titles = (
                re.findall(r"^#+ (.*)$", file.read_text(encoding="utf8"), re.M) if heading else []
            )
            anchors = [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles]
            assert not heading or heading in anchors, target


def test_readme_links_to_every_page() -> None:
    for page in TEXTS:
        assert page == "README.md" or f"]({page})" in TEXTS["README.md"]


#: It loads a trained pipeline: see tests/test_serving.py.
SERVICE = "FastAPI("


#: It trains a pipeline that has grown.
REHEARSAL = "spacy_mtl.rehearse("
#: What has tests of its own.
OTHERS = (LOG, SERVICE, REHEARSAL)


@pytest.mark.parametrize(
    "block", [each for each in blocks("python") if not any(other in each for other in OTHERS)]
)
def test_python(block: str, encoder_dir: str) -> None:
    """It runs, and builds its pipeline or registers its function."""
    made: Dict[str, Any] = {}
    exec(block.replace("roberta-base", encoder_dir), made)
    registered = re.findall(r'registry\.(\w+)\("([^"]+)"\)', block)
    assert registered or "nlp" in made
    for group, name in registered:
        assert name in getattr(registry, group)
    if "nlp" in made:
        nlp = made["nlp"]
        found = [nlp.get_pipe_meta(name).factory for name in nlp.pipe_names]
        assert found == re.findall(r'add_pipe\("(\w+)"', block)


def test_reading_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    write_log(Path("training/log.jsonl"), [log_row(0), log_row(50)])
    (block,) = [each for each in blocks("python") if LOG in each]
    exec(block, {})
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["0", "50"]


def test_rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the command above it."""
    monkeypatch.chdir(tmp_path)
    nlp = spacy.blank("en")
    nlp.add_pipe("mtl", config={"model": {"tok2vec": CNN}})
    for name in ("ner", "textcat"):
        nlp.add_pipe(f"mtl_{name}", name=name)
    nlp.initialize(lambda: make_examples(nlp))
    Path("training").mkdir()
    nlp.to_disk("training/model-best")
    for name in ("new.spacy", "train.spacy"):
        DocBin(docs=make_docs(nlp)).to_disk(name)
    (command,) = [each for each in blocks("bash") if "add-label" in each]
    run_line(shlex.split(command), tmp_path)
    (block,) = [each for each in blocks("python") if REHEARSAL in each]
    made: Dict[str, Any] = {}
    exec(block, made)
    trained: Any = spacy.load("with-events").get_pipe("ner")
    assert trained.labels[-1] == "EVENT"
    before: Any = made["old"].get_pipe("ner")
    assert len(trained.classes()) == len(before.classes()) + 4


def test_own_weighting(encoder_dir: str) -> None:
    (block,) = [b for b in blocks("python") if "mtl_weightings(" in b]
    exec(block, {})
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": encoder_dir}})
    nlp.add_pipe("mtl", config={"weighting": {"@mtl_weightings": "largest_loss.v1"}})
    nlp.add_pipe("mtl_ner", name="ner")
    nlp.add_pipe("mtl_textcat", name="textcat")
    nlp.initialize(lambda: make_examples(nlp))
    losses = nlp.update(make_examples(nlp), sgd=False)
    assert losses["mtl"] == pytest.approx(max(losses["ner"], losses["textcat"]))


@pytest.mark.slow
def test_config_and_commands(
    encoder_dir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The config trains with the commands as printed, on a tiny corpus and encoder."""
    monkeypatch.chdir(tmp_path)
    config, *_ = blocks("ini")
    config = config.replace("roberta-base", encoder_dir).replace("1000", "2")
    (tmp_path / "base.cfg").write_text(config)
    for name in ("train.spacy", "dev.spacy"):
        docs = make_docs(spacy.blank("en"))
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / name)
    line = '{"text": "a b", "words": ["a", "b"], "spaces": [true, false], "tags": ["X", "Y"]}\n'
    (tmp_path / "corpus.jsonl").write_text(line)
    (tmp_path / "texts.jsonl").write_text('{"text": "a b"}\n')
    for command in blocks("bash"):
        for one in command.replace("\\\n", " ").splitlines():
            run_line(shlex.split(one, comments=True), tmp_path)
    assert (tmp_path / "training/model-last").is_dir()
    assert (tmp_path / "corpus.spacy").exists()


@pytest.mark.parametrize("part", blocks("ini")[1:], ids=lambda part: part.split("]")[0][1:])
def test_part_of_a_config(
    part: str, encoder_dir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later blocks extend the first config."""
    monkeypatch.chdir(tmp_path)
    base = blocks("ini")[0].replace("roberta-base", encoder_dir).replace("1000", "2")
    for name in ("train.spacy", "dev.spacy"):
        DocBin(docs=make_docs(spacy.blank("en"))).to_disk(name)
    # A section needs its parents, and a schedule its corpora.
    above = "[components]\n\n[corpora]\n\n[training]\n\n"
    if part.startswith("[corpora.train.schedule]"):
        (corpora,) = (block for block in blocks("ini") if "MultiCorpus" in block)
        above += corpora.split("[corpora.train.schedule]")[0] + "\n"
    if part.startswith("[components.mtl.model]"):
        # Its encoder stays as it is.
        (with_encoder,) = (b for b in blocks("ini") if "[components.mtl.model.tok2vec]" in b)
        encoder = with_encoder[with_encoder.index("[components.mtl.model.tok2vec]") :]
        part += "" if part == with_encoder else f"\n{encoder}"
        above += '[components.mtl]\nfactory = "mtl"\n\n'
    if ".teacher]" in part:
        teacher = spacy.util.load_model_from_config(Config().from_str(base), auto_fill=True)
        Path("training/ner-alone").mkdir(parents=True)
        init_nlp(teacher.config).to_disk("training/ner-alone/model-best")
    given = Config().from_str(above + part)
    config = Config().from_str(base, interpolate=False).merge(given)
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    nlp.config.to_disk("config.cfg")
    train("config.cfg", "training")
    trained = spacy.load("training/model-last")
    for keys, value in walk_dict(given):
        found = trained.config
        for key in keys:
            found = found[key]
        assert found == value


def run_line(words: List[str], folder: Path) -> None:
    if words[0] == "pip":
        # CI builds the wheel; here we only check that the extras exist.
        for requirement in map(Requirement, words[2:]):
            assert requirement.name == "spacy-mtl"
            provided = importlib.metadata.metadata("spacy-mtl").get_all("Provides-Extra") or []
            assert requirement.extras <= set(provided)
    elif words[0] == "make":
        # CI runs these for real; here we only check that make knows them.
        subprocess.run(["make", "--dry-run", *words[1:]], cwd=ROOT, check=True, timeout=60)
    elif words[2].startswith("benchmarks."):
        # Runs take hours; here we only check that the suites exist and the report prints.
        run_module(words[2], words[3:] if words[-1] == "report" else [*words[3:], "--help"])
    elif words[3:5] == ["mtl", "compare"]:
        # It trains for minutes, see tests/cli/test_compare.py; here we only check the options.
        result = CliRunner().invoke(app, [*words[3:], "--help"], env={"COLUMNS": "200"})
        assert all(word in result.output for word in words if word.startswith("--"))
    elif words[2:4] == ["spacy", "train"]:
        # One in its own process; the others run in this one, which is faster.
        subprocess.run([sys.executable, *words[1:]], cwd=folder, check=True, timeout=300)
    else:
        words = [*words[:5], "all", str(ROOT), "--dry", *words[7:]] if "project" in words else words
        # After two steps, scores are random and may drop to zero.
        words += ["--max-loss", "100"] if "quantize" in words else []
        result = CliRunner().invoke(app, words[3:])
        if "quantize" in words and not is_installed():
            assert "spacy-mtl[openvino]" in result.output
            assert result.exit_code == 1
            return
        if "calibrate" in words:
            assert "the corpus is too small for it" in " ".join(result.output.split())
            assert result.exit_code == 1
            return
        assert result.exit_code == 0, result.output


def run_module(name: str, args: List[str]) -> None:
    """Run a module as `python -m` does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [name, *args])
        patch.syspath_prepend(ROOT)
        patch.delitem(sys.modules, name, raising=False)
        if "--help" in args:
            with pytest.raises(SystemExit, match="^0$"):
                runpy.run_module(name, run_name="__main__", alter_sys=True)
        else:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
