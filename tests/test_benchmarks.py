"""What the benchmarks run and what they keep. No training here."""

import argparse
import json
from collections import Counter
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Dict, Set, Tuple

import pytest
import spacy
from spacy.schemas import ConfigSchemaTraining
from spacy.tokens import DocBin
from spacy.util import registry, resolve_dot_names
from tiny_corpus import make_docs, make_examples
from tiny_pipelines import add_joint, inner

ROOT = Path(__file__).parent.parent


@pytest.fixture
def accuracy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The module, with its results in another place."""
    monkeypatch.syspath_prepend(ROOT)
    module = import_module("benchmarks.accuracy")
    monkeypatch.setattr(module, "RESULTS", tmp_path / "accuracy.jsonl")
    return module


def test_runs_of_a_suite(accuracy: Any) -> None:
    runs = list(accuracy.runs_of("gum-short", ["ours-joint", "ours-alone"], [0, 1], ()))
    assert len(runs) == 2 * (1 + 3)
    assert len({run.name for run in runs}) == len(runs)


def test_a_result_counts_for_its_settings_only(accuracy: Any, capsys: Any) -> None:
    changes = tuple(map(accuracy._parse_change, ["hidden_width=null", 'weights={"ner":2.0}']))
    run, other = (
        accuracy.Run("gum-short", "ours-joint", accuracy.PIPES, 0, given) for given in (changes, ())
    )
    assert accuracy.make_run(json.loads(json.dumps(asdict(run)))) == run
    assert accuracy.settings_of(run)["weights"] == {"ner": 2.0}
    scores = {"tag_acc": 91.25, "ents_f": 40.0, "cats_micro_f": 50.0}
    rows = [
        {**asdict(run), "settings": accuracy.settings_of(run), "steps": 7, "scores": scores},
        {**asdict(other), "settings": {"epochs": 99}, "steps": 7, "scores": scores},
    ]
    accuracy.RESULTS.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert list(accuracy.load_results()) == [run]
    accuracy.report("test")
    assert "hidden_width = None" in capsys.readouterr().out


def test_change_of_no_field(accuracy: Any) -> None:
    with pytest.raises(SystemExit, match="'colour' is no field of a suite"):
        accuracy._parse_change("colour=1")


def test_committed_results_can_be_read(accuracy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy, "RESULTS", ROOT / "benchmarks/results/accuracy.jsonl")
    assert accuracy.load_results()


def test_timing_compares_within_a_turn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(ROOT)
    timing = import_module("benchmarks.timing")
    monkeypatch.setattr(timing, "RESULTS", tmp_path / "speed.jsonl")
    order = []
    contestants = {name: lambda name=name: order.append(name) for name in ("bare", "ours")}
    seconds = timing.measure(contestants, 3)
    assert order == ["bare", "ours"] * 4
    assert [len(values) for values in seconds.values()] == [3, 3]
    # A machine that is busy in the second turn.
    busy = {"bare": [1.0, 10.0], "ours": [2.0, 20.0]}
    assert timing.ratios(busy, "bare") == {"bare": [1.0, 1.0], "ours": [0.5, 0.5]}
    timing.report("title", busy, 100)
    assert json.loads(timing.RESULTS.read_text())["seconds"] == busy


def test_bare_encoder_has_all_texts(monkeypatch: pytest.MonkeyPatch, encoder_dir: str) -> None:
    monkeypatch.syspath_prepend(ROOT)
    speed = import_module("benchmarks.speed.contestants")
    texts = ["a b c", "d", "e f g h i", "j k"]
    batches = speed.bare_batches(encoder_dir, texts, 12)
    assert [tuple(batch["input_ids"].shape) for batch in batches] == [(1, 7), (2, 5), (1, 3)]
    assert sum(int(batch["attention_mask"].sum()) for batch in batches) == 7 + 5 + 4 + 3


def test_plot_of_what_was_measured_last(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(ROOT)
    plot = import_module("benchmarks.speed.plot")
    monkeypatch.setattr(plot.timing, "RESULTS", tmp_path / "speed.jsonl")
    for seconds in ({"bare": [9.0], "ours": [9.0]}, {"bare": [1.0, 2.0], "ours": [2.0, 3.0]}):
        plot.timing.report("title", seconds, 100)
    plot.timing.report("other", {"bare": [1.0], "ours": [2.0]}, 100)
    plot.timing.keep({"title": "length", "seconds": 1.0})
    rows = plot.newest_rows()
    assert list(rows) == ["title", "other", "length"]
    assert rows["title"]["seconds"]["bare"] == [1.0, 2.0]
    plot.plot(tmp_path / "speed.svg")
    assert "<svg" in (tmp_path / "speed.svg").read_text()


def test_texts_of_so_many_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    one = import_module("benchmarks.speed.one")
    docs = [spacy.blank("en").make_doc("a b c d"), spacy.blank("en").make_doc("e f")]
    monkeypatch.setattr(one, "gold_docs", lambda *args: docs)
    given = argparse.Namespace(corpus="gum", limit=0, work=None, words=0, docs=1)
    assert one.texts_of(given) == ["a b c d", "e f"]
    for words, n_docs in ((3, 4), (20, 1)):
        texts = one.texts_of(argparse.Namespace(**{**vars(given), "words": words, "docs": n_docs}))
        assert [len(text.split()) for text in texts] == [words] * n_docs
    assert 300 < one.peak_memory() < 100_000


def test_share_of_the_encoder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, encoder_dir: str, capsys: Any
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    encoder = import_module("benchmarks.speed.encoder")
    contestants = import_module("benchmarks.speed.contestants")
    monkeypatch.setattr(import_module("benchmarks.timing"), "RESULTS", tmp_path / "speed.jsonl")
    nlp = spacy.blank("en")
    add_joint(nlp, inner(encoder_dir))
    nlp.add_pipe("mtl_ner", name="ner")
    nlp.initialize(lambda: make_examples(nlp))
    texts = ["a b c", "d"]
    bare = contestants.bare_inference(encoder_dir, texts, 12, "fp32")
    encoder.report_encoder("title", bare, 1.0, nlp, contestants.inference(nlp, texts))
    row = json.loads((tmp_path / "speed.jsonl").read_text())
    assert 0 < row["share"] < 1
    # Two layers of 16 and 32 dimensions on 10 padded wordpieces, 2 * 10 * 2 * (4 * 16 * 16 +
    # 2 * 16 * 32), and a pooler on two texts. Attention may be counted, too.
    assert 82_944 <= round(row["gflops"] * 1e9) < 100_000
    assert row["peak"] > 0
    assert "% of a matrix product's" in capsys.readouterr().out


@pytest.fixture
def corpora(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The benchmark of several corpora, all of which are the tiny one."""
    monkeypatch.syspath_prepend(ROOT)
    module = import_module("benchmarks.corpora")
    monkeypatch.setattr(module, "RESULTS", tmp_path / "corpora.jsonl")
    path = tmp_path / "tiny.spacy"
    DocBin(docs=make_docs(spacy.blank("en"))).to_disk(path)
    monkeypatch.setattr(module, "convert_split", lambda *args: path)
    return module


def test_configs_of_several_corpora(corpora: Any, encoder_dir: str, tmp_path: Path) -> None:
    """All that is compared trains on the same texts for as many steps."""
    runs = [run for run in corpora.all_runs() if run.seed == 0]
    assert len({run.name for run in runs}) == len(runs)
    steps: Dict[Tuple[str, bool], Set[int]] = {}
    for run in runs:
        config = corpora.config_of(run, encoder_dir, tmp_path)
        nlp = spacy.util.load_model_from_config(config, auto_fill=True)
        assert set(run.tasks) < set(nlp.pipe_names)
        training = nlp.config.interpolate()["training"]
        registry.resolve(training, schema=ConfigSchemaTraining)
        resolve_dot_names(nlp.config.interpolate(), ["corpora.train", "corpora.dev"])
        steps.setdefault((run.plan, "alone" in run.system), set()).add(training["max_steps"])
    assert all(len(found) == 1 for found in steps.values())
    for plan, settings in corpora.PLANS.items():
        (alone,), (joint,) = steps[plan, True], steps[plan, False]
        assert joint == len(settings.tasks) * alone


def test_merged_texts_have_their_own_annotation_only(corpora: Any, tmp_path: Path) -> None:
    tasks = ("tagger", "ner", "sentiment")
    run = corpora.Run("three", "stock spaCy, merged", tasks, 0)
    paths = {task: {"train": corpora.convert_split()} for task in tasks}
    path = corpora._merged(run, paths, tmp_path)
    found = Counter(
        (doc.has_annotation("TAG"), doc.has_annotation("ENT_IOB"), bool(doc.cats))
        for doc in DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    )
    kinds = [(True, False, False), (False, True, False), (False, False, True)]
    assert found == dict.fromkeys(kinds, 4)


def test_tables_of_several_corpora(corpora: Any, capsys: Any) -> None:
    """A result counts for the settings of today only."""
    runs = [r for r in corpora.all_runs() if r.system in ("alone", "Proportional")]
    rows = []
    for run in runs:
        settings = {**corpora.settings_of(run), **({"epochs": 99} if run.seed else {})}
        scores = {task: 50.0 + len(run.tasks) for task in run.tasks}
        rows.append({**asdict(run), "settings": settings, "steps": 7, "scores": scores})
    corpora.RESULTS.write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpora.report()
    found = capsys.readouterr().out
    assert "| alone | 14 | 51.0 (51.0–51.0; 1) | 51.0 (51.0–51.0; 1) |" in found
    assert "| Proportional | 7 | 53.0 (53.0–53.0; 1) |" in found


def test_soak_tells_growth_from_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    soak = import_module("benchmarks.soak")
    steady = soak.growth([(100, 50.0), (200, 50.0), (300, 50.0)])
    growing = soak.growth([(100, 50.0), (200, 51.0), (300, 52.0)])
    assert steady["bytes_a_word"] == pytest.approx(0, abs=1e-6)
    assert growing == {"begin": 50.0, "end": 52.0, "bytes_a_word": pytest.approx(2**20 / 100)}


@pytest.mark.parametrize("zone", [False, True])
def test_soak_reads_new_words(monkeypatch: pytest.MonkeyPatch, make_nlp: Any, zone: bool) -> None:
    monkeypatch.syspath_prepend(ROOT)
    soak = import_module("benchmarks.soak")
    nlp = make_nlp()
    known = next(soak.texts_of("known", ["Anna", "books"], Random(0)))
    assert {word for text in known for word in text.split()} == {"Anna", "books"}
    before = len(nlp.vocab.strings)
    found = soak.read_for(nlp, soak.texts_of("random", [], Random(0)), 0.3, zone)
    assert found["n_words"] >= soak.N_TEXTS * soak.N_WORDS
    assert 0 < found["begin"] <= found["peak"]
    # What spaCy keeps of new words is what the benchmark is about.
    assert (len(nlp.vocab.strings) > before + soak.N_WORDS) is not zone
