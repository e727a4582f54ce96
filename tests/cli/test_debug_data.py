"""`spacy mtl debug-data`: counts and problems of corpora."""

import re
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
import spacy
import srsly
from short_training import config_of
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin, Span
from taught_pipelines import save_teacher
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the command)

Run = Callable[..., Any]


def write(path: Path, n_texts: int, tags: str = "NN", ents: str = "LOC", cats: str = "ab") -> Path:
    nlp = spacy.blank("en")
    docs = []
    for i in range(n_texts):
        doc = Doc(nlp.vocab, words=["a", "b", "c"], tags=[tags, "VB", "X"])
        doc.set_ents([Span(doc, 0, 1, label=ents)] if i % 2 else [], default="outside")
        doc.cats = {label: float(label == cats[i % len(cats)]) for label in cats}
        docs.append(doc)
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")

    def invoke(train: Dict[str, Any], dev: Dict[str, Any], *args: str, **changes: Any) -> Any:
        config: Any = config_of("unused.spacy")
        reader = {"@readers": "spacy_mtl.MultiCorpus.v1"}
        schedule = changes.pop("schedule", {"@mtl_schedules": "spacy_mtl.Uniform.v1"})
        config["corpora"]["train"] = {**reader, "corpora": train, "schedule": schedule}
        config["corpora"]["dev"] = {**reader, "corpora": dev}
        config["components"]["tagger"].update(changes.pop("tagger", {}))
        config["initialize"]["components"] = changes.pop("initialize", {})
        config["training"].update(changes)
        config.to_disk("config.cfg")
        return CliRunner().invoke(app, ["mtl", "debug-data", "config.cfg", *args])

    return invoke


def block(path: Path, *tasks: str) -> Dict[str, Any]:
    return {"path": str(path), "tasks": list(tasks)}


def row_of(output: str, corpus: str) -> List[str]:
    (line,) = (line for line in output.splitlines() if line.startswith(corpus))
    return re.split(r" {2,}", line.strip())


def test_counts(run: Run, tmp_path: Path) -> None:
    one, two = write(tmp_path / "one.spacy", 20), write(tmp_path / "two.spacy", 60)
    train = {"one": block(one, "tagger", "textcat"), "two": block(two, "ner")}
    result = run(train, {"dev": block(one, "tagger", "ner", "textcat")})
    assert result.exit_code == 0, result.output
    assert row_of(result.output, "two") == [
        *("two", "50.0 %", "ner", "60 of 60", "30", "1", "LOC 30"),
    ]
    assert row_of(result.output, "one")[:6] == ["one", "50.0 %", "tagger", "20 of 20", "60", "3"]
    assert "a 10, b 10" in result.output
    assert "every task has annotation" in result.output


def test_mix_of_a_schedule(run: Run, tmp_path: Path) -> None:
    one, two = write(tmp_path / "one.spacy", 20), write(tmp_path / "two.spacy", 60)
    train = {"one": block(one, "tagger", "textcat"), "two": block(two, "ner")}
    phases = [{"tasks": ["ner"], "steps": 30}, {"tasks": ["tagger"]}]
    schedule = {"@mtl_schedules": "spacy_mtl.Sequential.v1", "phases": phases}
    dev = {"dev": block(one, "tagger", "ner", "textcat")}
    result = run(train, dev, schedule=schedule, max_steps=100)
    assert row_of(result.output, "two")[1] == "30.0 %"
    assert row_of(result.output, "one")[1] == "70.0 %"


def test_epochs_limit_the_batches(run: Run, tmp_path: Path) -> None:
    one = write(tmp_path / "one.spacy", 20)
    train = {"one": block(one, "tagger", "textcat"), "two": block(one, "ner")}
    phases = [{"tasks": ["tagger"], "steps": 500}, {"tasks": ["ner"]}]
    schedule = {"@mtl_schedules": "spacy_mtl.Sequential.v1", "phases": phases}
    dev = {"dev": block(one, "tagger", "ner", "textcat")}
    result = run(train, dev, schedule=schedule, max_steps=0, max_epochs=2)
    assert result.exit_code == 1
    assert "'ner' gets no gradient: its corpora have no share" in result.output
    assert run(train, dev, schedule=schedule, max_steps=0, max_epochs=500).exit_code == 0


def test_colliding_taggers_and_labels_in_the_config(run: Run, tmp_path: Path) -> None:
    """Taggers with different tags, and labels written by `spacy init labels` for spaCy's ner."""
    one = write(tmp_path / "one.spacy", 20)
    config: Any = config_of(str(one))
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
    nlp = spacy.blank("en")
    for name in ("ner", "tagger"):
        nlp.add_pipe(name)
        nlp.config["components"][name]["model"]["tok2vec"] = listener
    config["nlp"]["pipeline"] = ["mtl", "tagger", "ner", "stock"]
    config["components"]["ner"] = nlp.config["components"]["ner"]
    config["components"]["stock"] = nlp.config["components"]["tagger"]
    del config["components"]["textcat"]
    labels = {"0": {"": 1}, "1": {"LOC": 10}, "2": {"LOC": 10}, "3": {"LOC": 10}, "4": {"LOC": 10}}
    srsly.write_json(tmp_path / "labels.json", labels)
    block = {"labels": {"@readers": "spacy.read_labels.v1", "path": str(tmp_path / "labels.json")}}
    config["initialize"]["components"] = {"ner": block}
    config.to_disk("config.cfg")
    result = CliRunner().invoke(app, ["mtl", "debug-data", "config.cfg"])
    assert "'tagger' and 'stock' both set token.tag" in result.output
    assert "'ner' gets no gradient" not in result.output
    assert result.exit_code == 0
    # Two heads of this package are an error.
    config["components"]["stock"] = config["components"]["tagger"]
    config.to_disk("config.cfg")
    result = CliRunner().invoke(app, ["mtl", "debug-data", "config.cfg"])
    assert "'tagger' and 'stock' both set token.tag" in result.output
    assert result.exit_code == 1


def test_problems(run: Run, tmp_path: Path) -> None:
    one = write(tmp_path / "one.spacy", 20)
    dev = write(tmp_path / "dev.spacy", 10, tags="RARE")
    train = {"one": block(one, "tagger", "textcat"), "two": block(one, "ner")}
    shares = {"@mtl_schedules": "spacy_mtl.Weighted.v1", "shares": {"one": 1.0}}
    result = run(train, {"dev": block(dev, "tagger", "textcat")}, schedule=shares)
    assert result.exit_code == 1
    assert "'ner' gets no gradient: its corpora have no share" in result.output
    assert "'ner' has no annotation in the development corpora" in result.output
    assert "'tagger': 1 labels" in result.output
    assert "10 times (RARE)" in result.output
    frozen = run(train, {"dev": block(one, "tagger")}, frozen_components=["textcat"])
    assert "'textcat' is in [training.frozen_components]" in frozen.output
    assert frozen.exit_code == 0, frozen.output


def test_a_plain_reader(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "unused.spacy", 10)
    config_of("unused.spacy").to_disk("config.cfg")
    result = CliRunner().invoke(app, ["mtl", "debug-data", "config.cfg"])
    assert result.exit_code == 0, result.output
    assert "10 of 10" in result.output


def test_missing_path(run: Run, tmp_path: Path) -> None:
    result = run({"one": block(tmp_path / "nowhere.spacy", "tagger")}, {})
    assert result.exit_code == 1
    assert "'path' of the corpus 'one'" in str(result.exception) + result.output


def test_tasks_that_training_would_reject(run: Run, tmp_path: Path) -> None:
    """Anything that stops `spacy train` is a problem here, too."""
    one = write(tmp_path / "one.spacy", 20)
    dev = {"dev": block(one, "tagger", "ner", "textcat")}
    result = run({"one": block(one, "tagger", "textcat")}, dev)
    assert result.exit_code == 1
    assert "'ner' gets no gradient: no training corpus lists it" in result.output
    nlp = spacy.blank("en")
    DocBin(docs=[nlp("plain text")]).to_disk(tmp_path / "plain.spacy")
    train = {
        "one": block(one, "tagger", "ner", "textcat"),
        "plain": block(tmp_path / "plain.spacy", "ner"),
    }
    result = run(train, dev)
    assert result.exit_code == 1
    assert "'ner' gets no gradient from 'plain', which declares it" in result.output
    result = run({"one": block(one, "taggger")}, dev)
    assert result.exit_code == 1
    assert "declares the task 'taggger'" in " ".join(result.output.split())


def test_a_teacher(run: Run, tmp_path: Path) -> None:
    """A head with a teacher needs no annotation, but a teacher with its labels."""
    labels = list(spacy.load(save_teacher("tagger", tmp_path / "one")).get_pipe("head").labels)
    nlp = spacy.blank("en")
    docs = [Doc(nlp.vocab, words=["a"], tags=[tag]) for tag in labels]
    DocBin(docs=docs).to_disk(tmp_path / "tags.spacy")
    others = write(tmp_path / "others.spacy", 10)
    dev = {"dev": block(tmp_path / "tags.spacy", "tagger")}

    def problems(path: str, corpus: Path, *tasks: str, **changes: Any) -> List[str]:
        train = {"one": block(others, "ner", "textcat"), "two": block(corpus, *tasks)}
        taught = {"teacher": {"path": path, "component": "head", "weight": 1.0}}
        result = run(train, dev, tagger=taught, **changes)
        warnings = " ".join(result.output.split()).split("⚠ ")[1:]
        found = [text for text in warnings if text.startswith("'tagger'")]
        assert result.exit_code == any("no gradient" in text for text in found), result.output
        return found

    assert problems("one", others, "ner") == []
    assert problems("one", tmp_path / "tags.spacy", "tagger") == []
    given = {"tagger": {"labels": labels[::-1]}}
    assert problems("one", others, "ner", initialize=given) == []
    (text,) = problems("nowhere", tmp_path / "tags.spacy", "tagger")
    assert text.startswith("'tagger' gets no gradient: The teacher of the component 'tagger'")
    assert "nowhere, does not exist" in text
    (text, _) = problems("one", others, "tagger")
    assert "must have the same labels" in text
    given = {"tagger": {"labels": labels[1:]}}
    (text, _) = problems("one", others, "ner", initialize=given)
    assert "must have the same labels" in text


def test_batcher_and_reader_that_do_not_fit(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "unused.spacy", 10)
    config: Any = config_of("unused.spacy")
    inner = config["training"]["batcher"]
    config["training"]["batcher"] = {"@batchers": "spacy_mtl.CorpusBatcher.v1", "batcher": inner}
    config.to_disk("config.cfg")
    result = CliRunner().invoke(app, ["mtl", "debug-data", "config.cfg"])
    assert result.exit_code == 1
    assert "draws by a schedule" in result.output


@pytest.mark.parametrize(
    "schedule",
    [
        {"@mtl_schedules": "spacy_mtl.Bandit.v1", "target": "ner"},
        {
            "@mtl_schedules": "spacy_mtl.Sequential.v1",
            "phases": [{"tasks": ["ner"], "steps": 12_000}, {"tasks": ["tagger"]}],
        },
    ],
    ids=lambda schedule: schedule["@mtl_schedules"],
)
def test_schedule_that_starts_with_one_corpus(
    run: Run, tmp_path: Path, schedule: Dict[str, Any]
) -> None:
    """The other corpora have their turn later."""
    one, two = write(tmp_path / "one.spacy", 20), write(tmp_path / "two.spacy", 60)
    train = {"one": block(one, "tagger", "textcat"), "two": block(two, "ner")}
    dev = {"dev": block(one, "tagger", "ner", "textcat")}
    result = run(train, dev, schedule=schedule, max_steps=20_000)
    assert result.exit_code == 0, result.output
    assert row_of(result.output, "two")[1] in (
        "60.0 %",
        *(f"{n / 10:.1f} %" for n in range(450, 551)),
    )
