"""The page about many machines: its commands and its code, each where its engine is installed."""

import importlib.metadata
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

import pyarrow
import pyarrow.parquet
import pytest
import spacy
import yaml
from engines_here import HAS_RAY, HAS_SPARK, NEEDS_RAY, NEEDS_SPARK
from packaging.requirements import Requirement
from short_training import config_of, values, write_corpus
from spacy.cli._util import app
from spacy.language import Language
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command)

PAGE = (Path(__file__).parent.parent / "docs/scale.md").read_text(encoding="utf8")
TEXTS = ["Anna books a room.", "In Berlin.", "old runs"] * 4
#: What would need a cluster, or a new environment. Nothing else is left out.
NOT_RUN = ("ray job submit", "python -m venv", "workers/bin/pip", "workers/bin/venv-pack")


def blocks(language: str) -> List[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def lines() -> List[str]:
    """The commands of the page."""
    return [line for block in blocks("bash") for line in block.splitlines()]


@pytest.fixture(autouse=True)
def inputs(
    make_nlp: Callable[..., Language], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("training").mkdir()
    make_nlp().to_disk("training/model-best")
    rows = [{"id": i, "text": text} for i, text in enumerate(TEXTS)]
    Path("texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), "texts.parquet")


def expected() -> List[Dict[str, Any]]:
    """The annotation by `nlp.pipe`, in the order of the rows."""
    docs = list(spacy.load("training/model-best").pipe(TEXTS))
    return [
        {
            "tags": [token.tag_ for token in doc],
            "ents": [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents],
            "cats": pytest.approx(doc.cats, abs=1e-5),
        }
        for doc in docs
    ]


def check(rows: List[Dict[str, Any]]) -> None:
    """Annotated rows are those of `nlp.pipe`."""
    found = [
        {
            "tags": row["tags"],
            "ents": [(ent["start"], ent["end"], ent["label"]) for ent in row["ents"]],
            "cats": dict(row["cats"]),
        }
        for row in sorted(rows, key=lambda row: row["id"])
    ]
    assert found == expected()


def check_parquet(folder: str) -> None:
    paths = sorted(Path(folder).glob("*.parquet"))
    check([row for path in paths for row in pyarrow.parquet.read_table(path).to_pylist()])


def write_training() -> None:
    """A config and its corpora, for a training without dropout."""
    config = config_of("", max_steps=8, dropout=0.0)
    config["training"]["optimizer"] = {"@optimizers": "SGD.v1", "learn_rate": 0.05}
    for name in ("train", "dev"):
        reader = {"@readers": "spacy.Corpus.v1", "path": f"${{paths.{name}}}"}
        config["corpora"][name] = reader
        write_corpus(Path(f"{name}.spacy"))
    config.to_disk("config.cfg")


def test_every_command_is_known() -> None:
    """Either it is run by a test, or it stands in `NOT_RUN`."""
    run = ("pip install", "spacy mtl apply", "spark-submit", "torchrun")
    for line in lines():
        assert any(words in line for words in run) or line.startswith(NOT_RUN), line
    assert {each for each in NOT_RUN if not any(line.startswith(each) for line in lines())} == set()


def test_extras_exist() -> None:
    provided = importlib.metadata.metadata("spacy-mtl").get_all("Provides-Extra") or []
    for name in re.findall(r'"(spacy-mtl\[.*?\])"', PAGE):
        assert Requirement(name).extras <= set(provided)


def torchrun_options(words: List[str]) -> Dict[str, str]:
    """What `torchrun` is given, without what each cluster has of its own."""
    words = words[words.index("torchrun") + 1 : words.index("-m")]
    found = dict(zip(words[::2], words[1::2]))
    return {k: v for k, v in found.items() if k not in ("--rdzv-endpoint", "--rdzv-id")}


def test_clusters_start_the_same() -> None:
    """The script of Slurm and the job of Kubernetes: they are valid, and start what is tested."""
    (line,) = [line for line in lines() if line.startswith("torchrun")]
    (script,) = blocks("sh")
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    (manifest,) = blocks("yaml")
    service, job = yaml.safe_load_all(manifest)
    assert service["metadata"]["name"] == job["spec"]["template"]["spec"]["subdomain"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    expected = torchrun_options(shlex.split(line))
    of_script = shlex.split(script.replace("\\\n", " "), comments=True)
    for words in (of_script, container["command"]):
        assert torchrun_options(words) == expected
    assert str(job["spec"]["completions"]) == expected["--nnodes"]
    assert str(container["resources"]["limits"]["nvidia.com/gpu"]) == expected["--nproc-per-node"]


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param("local", marks=[pytest.mark.slow]),
        pytest.param("ray", marks=[*NEEDS_RAY, pytest.mark.slow]),
        pytest.param("spark", marks=[*NEEDS_SPARK, pytest.mark.slow]),
    ],
)
def test_apply(engine: str) -> None:
    found = [line for line in lines() if "spacy mtl apply" in line]
    assert len(found) == 3
    named = [line for line in found if f"--engine {engine}" in line]
    (line,) = named or [line for line in found if "--engine" not in line]
    words = shlex.split(line)
    result = CliRunner().invoke(app, words[3:])
    assert result.exit_code == 0, (result.output, result.exception)
    (path,) = Path(words[7]).glob("*.jsonl")
    check([json.loads(line) for line in path.read_text().splitlines()])


def code(word: str) -> str:
    """The block of Python with a word."""
    (found,) = [block for block in blocks("python") if word in block]
    return found


def test_annotator(capsys: pytest.CaptureFixture) -> None:
    made: Dict[str, Any] = {}
    exec(code("pyarrow.table"), made)
    assert made["found"].schema.names == ["id", "text", "tags", "ents", "error"]
    assert made["found"]["error"].to_pylist() == [None, None]
    assert capsys.readouterr().out == f"{made['found']['ents'].to_pylist()}\n"


@pytest.mark.slow
@pytest.mark.engines
@pytest.mark.skipif(not HAS_RAY, reason="needs spacy-mtl[ray]")
def test_ray() -> None:
    Path("annotate_by_ray.py").write_text(code("map_batches"), encoding="utf8")
    subprocess.run([sys.executable, "annotate_by_ray.py"], check=True, timeout=600)
    check_parquet("annotated-by-ray-data")


@pytest.mark.slow
@pytest.mark.engines
@pytest.mark.skipif(not HAS_RAY, reason="needs spacy-mtl[ray]")
def test_ray_train() -> None:
    """Two ranks, which Ray has connected, and which train one pipeline."""
    write_training()
    Path("train_by_ray.py").write_text(code("TorchTrainer"), encoding="utf8")
    subprocess.run([sys.executable, "train_by_ray.py"], check=True, timeout=600)
    by_ray = spacy.load("training-by-ray/model-last")
    words = ["mtl", "train", "config.cfg", "--output", "alone", "--paths.train", "train.spacy"]
    result = CliRunner().invoke(app, [*words, "--paths.dev", "dev.spacy"])
    assert result.exit_code == 0, (result.output, result.exception)
    alone = values(spacy.load("alone/model-last"))
    for address, value in values(by_ray).items():
        assert value == pytest.approx(alone[address], abs=1e-4), address


@pytest.mark.slow
@pytest.mark.engines
@pytest.mark.skipif(not HAS_SPARK, reason="needs spacy-mtl[spark] and Java")
def test_spark(monkeypatch: pytest.MonkeyPatch) -> None:
    """By `spark-submit` as printed, but on this machine, with this environment."""
    Path("annotate_by_spark.py").write_text(code("mapInArrow"), encoding="utf8")
    (line,) = [line for line in lines() if "spark-submit" in line]
    command = shlex.split(line[line.index("spark-submit") :])
    options = dict(zip(command[1:-1:2], command[2:-1:2]))
    assert set(options) == {"--master", "--deploy-mode", "--archives"}
    for name in re.findall(r"(PYSPARK_\w+)=", line):
        monkeypatch.setenv(name, sys.executable)
    submit = Path(sys.executable).with_name("spark-submit")
    subprocess.run([str(submit), "--master", "local[2]", command[-1]], check=True, timeout=600)
    check_parquet("annotated-by-mapInArrow")
