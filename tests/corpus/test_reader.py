"""Several corpora in one training: which text is whose, what is missing, what is drawn."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List

import numpy
import pytest
import spacy
from scipy.stats import chisquare
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import create_train_batches, train
from spacy.util import registry
from thinc.api import Config, fix_random_seed
from tiny import HEADS, add_joint

from spacy_mtl.corpus.example import CorpusExample
from spacy_mtl.corpus.spec import CorpusSpec
from spacy_mtl.corpus.stream import CorpusStream
from spacy_mtl.types import TASKS_KEY

SIZES = {"tags": 150, "names": 60, "topics": 30}
KINDS = {"tags": "tagger", "names": "ner", "topics": "textcat"}


def make_doc(nlp: Language, i: int) -> Doc:
    """A text that has everything. Its labels come late: those of the last texts are rare."""
    words = [f"w{i}", "runs", "to", f"p{i % 7}", "."]
    tag = "RARE" if i == 120 else "NN"
    doc = Doc(nlp.vocab, words=words, tags=[tag, "VBZ", "IN", "NNP", "."])
    label = "LATE" if i == 59 else "LOC"
    doc.set_ents([Span(doc, 3, 4, label=label)], default="outside")
    topic = "abc"[i % 3] if i > 20 else "a"
    doc.cats = {topic: 1.0}
    return doc


@pytest.fixture
def paths(tmp_path: Path) -> Dict[str, Path]:
    """A corpus a task. All texts have all annotation; who declares what decides."""
    nlp = spacy.blank("en")
    found = {}
    for name, size in SIZES.items():
        found[name] = tmp_path / f"{name}.spacy"
        docs = [make_doc(nlp, i) for i in range(size)]
        DocBin(docs=docs, store_user_data=True).to_disk(found[name])
    return found


def corpora(paths: Dict[str, Path], **changes: Dict[str, Any]) -> Dict[str, Any]:
    blocks = {n: {"path": str(path), "tasks": [KINDS[n]]} for n, path in paths.items()}
    for name, change in changes.items():
        blocks[name].update(change)
    return blocks


def config_of(
    paths: Dict[str, Path], max_epochs: int = 0, mixed: bool = False, **changes: Any
) -> Config:
    """The config of a training on three corpora, with a CNN inside `mtl`."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    for task in KINDS.values():
        nlp.add_pipe(HEADS[task], name=task)
    config: Any = Config(nlp.config).copy()
    config["paths"] = {"train": None, "dev": None, "vectors": None, "init_tok2vec": None}
    reader = {
        "@readers": "spacy_mtl.MultiCorpus.v1",
        "corpora": corpora(paths),
        "schedule": {"@mtl_schedules": "spacy_mtl.Uniform.v1"},
    }
    reader.update(changes)
    dev = {"@readers": "spacy_mtl.MultiCorpus.v1", "corpora": corpora(paths)}
    config["corpora"] = {"train": reader, "dev": dev}
    config["training"].update(max_steps=6, eval_frequency=3, max_epochs=max_epochs, seed=0)
    config["training"]["batcher"] = {
        "@batchers": "spacy_mtl.CorpusBatcher.v1",
        "mixed": mixed,
        "batcher": {"@batchers": "spacy.batch_by_sequence.v1", "size": 6},
    }
    return config


def resolve(config: Config) -> Any:
    """The pipeline, initialised, and a reader and batcher such as `spacy train` makes."""
    nlp = init_nlp(config)
    block = nlp.config.interpolate()
    reader = registry.resolve(block["corpora"])["train"]
    batcher = registry.resolve(block["training"])["batcher"]
    return nlp, reader, batcher


def draw(config: Config, n_batches: int) -> List[List[CorpusExample]]:
    nlp, reader, batcher = resolve(config)
    fix_random_seed(0)
    batches = create_train_batches(nlp, reader, batcher, config["training"]["max_epochs"])
    return [batch for _, (_, batch) in zip(range(n_batches), batches)]


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_batches_of_one_corpus(paths: Dict[str, Path], max_epochs: int) -> None:
    batches = draw(config_of(paths, max_epochs), 300)
    for batch in batches:
        assert len({eg.corpus for eg in batch}) == 1
        assert len(batch) == 6
    counts = Counter(batch[0].corpus for batch in batches)
    assert all(70 < counts[name] < 130 for name in SIZES), counts
    # The small one comes again and again; of the large one, no text twice before all were there.
    texts = [eg.reference.text for batch in batches for eg in batch if eg.corpus == "tags"]
    assert len(set(texts[:150])) == 150 if max_epochs == 0 else len(set(texts[:150])) > 50


@pytest.mark.parametrize("max_epochs, n_batches", [(0, 10_000), (-1, 1_000)])
def test_shares_of_batches(paths: Dict[str, Path], max_epochs: int, n_batches: int) -> None:
    """As the schedule says, also after reader and batcher."""
    shares = {"tags": 1.0, "names": 3.0, "topics": 2.0}
    schedule = {"@mtl_schedules": "spacy_mtl.Weighted.v1", "shares": shares}
    config = config_of(paths, max_epochs, schedule=schedule)
    config["training"]["batcher"]["batcher"]["size"] = 2
    counts = Counter(batch[0].corpus for batch in draw(config, n_batches))
    expected = [n_batches * share / 6.0 for share in shares.values()]
    assert chisquare([counts[name] for name in shares], expected).pvalue > 0.01


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_mixed_batches(paths: Dict[str, Path], max_epochs: int) -> None:
    for batch in draw(config_of(paths, max_epochs, mixed=True), 100):
        counts = Counter(eg.corpus for eg in batch)
        assert all(1 <= counts[name] <= 3 for name in SIZES), counts


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_what_is_not_declared_is_missing(paths: Dict[str, Path], max_epochs: int) -> None:
    for batch in draw(config_of(paths, max_epochs), 30):
        for eg in batch:
            gold = eg.reference
            found = [gold.has_annotation("TAG"), gold.has_annotation("ENT_IOB"), bool(gold.cats)]
            assert found == [eg.corpus == name for name in SIZES]
            assert gold.user_data[TASKS_KEY] == [KINDS[eg.corpus]]


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_labels_are_complete(paths: Dict[str, Path], max_epochs: int) -> None:
    """Also those that come after the first 100 texts."""
    nlp, _, _ = resolve(config_of(paths, max_epochs))
    assert "RARE" in nlp.get_pipe("tagger").labels
    assert set(nlp.get_pipe("ner").labels) == {"LOC", "LATE"}
    assert set(nlp.get_pipe("textcat").labels) == set("abc")


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_stock_heads_have_all_labels(paths: Dict[str, Path], max_epochs: int) -> None:
    config = config_of(paths, max_epochs)
    nlp = spacy.blank("en")
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "upstream": "mtl"}
    nlp.add_pipe("ner")
    nlp.add_pipe("tagger")
    for name in ("ner", "tagger"):
        block = nlp.config["components"][name]
        block["model"]["tok2vec"] = listener
        config["components"][name] = block
    trained, _, _ = resolve(config)
    assert set(trained.get_pipe("ner").labels) == {"LOC", "LATE"}
    assert "RARE" in trained.get_pipe("tagger").labels


@pytest.mark.parametrize("max_epochs", [0, -1])
@pytest.mark.parametrize("mixed", [False, True])
def test_trains(paths: Dict[str, Path], max_epochs: int, mixed: bool) -> None:
    """By spaCy's own loop, with scores of every task on a development set of the same kind."""
    config = config_of(paths, max_epochs, mixed)
    config["training"].update(max_steps=60, eval_frequency=60)
    nlp = init_nlp(config)
    nlp, _ = train(nlp)
    scores = nlp.meta["performance"]
    assert scores["tag_acc"] > 0.8
    assert scores["ents_f"] > 0.9


@pytest.mark.parametrize("mixed", [False, True])
def test_streamed_corpora_are_not_held(
    paths: Dict[str, Path], monkeypatch: pytest.MonkeyPatch, mixed: bool
) -> None:
    """However long it takes: the texts in memory are those of the buffers and a batch."""
    alive: List[int] = [0]
    most: List[int] = [0]

    class Counted(CorpusExample):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            alive[0] += 1
            most[0] = max(most[0], alive[0])

        def __del__(self) -> None:
            alive[0] -= 1

    monkeypatch.setattr("spacy_mtl.corpus.corpus_set.CorpusExample", Counted)
    config = config_of(paths, -1, mixed, shuffle_buffer=4)
    nlp, reader, batcher = resolve(config)
    fix_random_seed(0)
    # Initialisation keeps a few texts.
    most[0] = 0
    kept = alive[0]
    n_drawn = 0
    for _, (_, batch) in zip(range(300), create_train_batches(nlp, reader, batcher, -1)):
        n_drawn += len(batch)
    assert n_drawn == 1800
    # Three buffers of four, and what stock batchers hold: this batch and the next, by corpus.
    assert most[0] - kept < 3 * 4 + 6 * 6


def parameters(model: Any) -> List[numpy.ndarray]:
    return [node.get_param(n).copy() for node in model.walk() for n in node.param_names]


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_nothing_leaks(paths: Dict[str, Path], max_epochs: int) -> None:
    """A corpus moves the heads of its own tasks only, with Adam's momentum and weight decay."""
    nlp, reader, batcher = resolve(config_of(paths, max_epochs))
    optimizer = nlp.create_optimizer()
    optimizer.L2 = 0.1
    heads = {task: nlp.get_pipe(task).model for task in KINDS.values()}
    fix_random_seed(0)
    batches = create_train_batches(nlp, reader, batcher, max_epochs)
    moved: Dict[str, int] = Counter()
    for _, (_, batch) in zip(range(30), batches):
        before = {task: parameters(head) for task, head in heads.items()}
        nlp.update(batch, sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)
        for task, head in heads.items():
            pairs = list(zip(before[task], parameters(head)))
            same = all(numpy.array_equal(one, other) for one, other in pairs)
            assert same == (task not in batch[0].reference.user_data[TASKS_KEY])
            moved[task] += not same
    assert set(moved) == set(KINDS.values())


def test_two_heads_that_read_the_same(paths: Dict[str, Path], tmp_path: Path) -> None:
    """Both read categories: each has the labels of its own corpora, and learns from them only."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    nlp.add_pipe("mtl_textcat", name="topic")
    nlp.add_pipe("mtl_textcat", name="mood")
    docs = [make_doc(nlp, i) for i in range(20)]
    for i, doc in enumerate(docs):
        doc.cats = {"good": float(i % 2), "bad": float(1 - i % 2)}
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "moods.spacy")
    reader = read(
        {
            "topics": {"path": str(paths["topics"]), "tasks": ["topic"]},
            "moods": {"path": str(tmp_path / "moods.spacy"), "tasks": ["mood"]},
        }
    )
    nlp.initialize(lambda: reader(nlp))
    assert set(nlp.get_pipe("topic").labels) == set("abc")
    assert set(nlp.get_pipe("mood").labels) == {"good", "bad"}
    examples = [eg for eg in reader(nlp) if eg.corpus == "topics"]
    losses = nlp.update(examples, sgd=False)
    assert losses["topic"] > 0
    assert losses["mood"] == 0
    scores = nlp.evaluate(examples)
    assert scores["topic_cats_score"] is not None
    assert scores["mood_cats_score"] is None


def test_tagger_of_another_attribute(paths: Dict[str, Path]) -> None:
    """A corpus that has tags only does not do for it."""
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    nlp.add_pipe("mtl_tagger", name="pos", config={"attribute": "pos"})
    reader = read({"tags": {"path": str(paths["tags"]), "tasks": ["pos"]}})
    with pytest.raises(ValueError, match="declares the task 'pos', but none of its 150 texts"):
        nlp.initialize(lambda: reader(nlp))


def read(blocks: Dict[str, Any], **settings: Any) -> Any:
    block = {"@readers": "spacy_mtl.MultiCorpus.v1", "corpora": blocks, **settings}
    return registry.resolve({"corpus": block})["corpus"]


def with_heads(*tasks: str) -> Language:
    nlp = spacy.blank("en")
    add_joint(nlp, None)
    for task in tasks or KINDS.values():
        nlp.add_pipe(HEADS[task], name=task)
    return nlp


def test_limit_max_length_repeat(paths: Dict[str, Path]) -> None:
    blocks = corpora(paths, tags={"limit": 20, "repeat": 3}, names={"max_length": 6})
    counts = Counter(eg.corpus for eg in read(blocks)(with_heads()))
    assert counts == {"tags": 60, "names": 60, "topics": 30}


def test_another_reader_and_documents_in_memory(paths: Dict[str, Path]) -> None:
    """What it keeps is left as it is."""
    nlp = with_heads()
    kept = [Example(nlp.make_doc(doc.text), doc) for doc in (make_doc(nlp, i) for i in range(40))]

    @registry.readers("kept.v1")
    def create_kept() -> Any:
        return lambda nlp: kept

    blocks = corpora(paths, names={"path": {"@readers": "kept.v1"}, "limit": 30, "max_length": 9})
    counts = Counter(eg.corpus for eg in read(blocks)(nlp))
    assert counts["names"] == 30
    assert all(eg.reference.has_annotation("TAG") for eg in kept)


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_stock_batcher(paths: Dict[str, Path], max_epochs: int) -> None:
    """It is put inside of the one that goes by the schedule."""
    config = config_of(paths, max_epochs)
    stock = {"@batchers": "spacy.batch_by_sequence.v1", "size": 6}
    config["training"]["batcher"] = stock
    nlp, _, _ = resolve(config)
    found = nlp.config["training"]["batcher"]
    assert found["@batchers"] == "spacy_mtl.CorpusBatcher.v1"
    assert found["batcher"]["size"] == 6
    counts = Counter(batch[0].corpus for batch in draw(config, 200))
    assert all(45 < counts[name] < 90 for name in SIZES), counts


@pytest.mark.parametrize("max_epochs", [0, -1])
def test_no_batch_has_a_text_twice(paths: Dict[str, Path], max_epochs: int) -> None:
    """Not of a small corpus either, where texts of like length are sought in a large buffer."""
    config = config_of(paths, max_epochs)
    padded = {"@batchers": "spacy.batch_by_padded.v1", "size": 60, "buffer": 256}
    config["training"]["batcher"]["batcher"] = {**padded, "discard_oversize": False}
    for batch in draw(config, 100):
        assert len({eg.reference.text for eg in batch}) == len(batch) > 1


@pytest.mark.parametrize("max_epochs", [0, -1])
@pytest.mark.parametrize("mixed", [False, True])
def test_batcher_that_leaves_out_every_text(
    paths: Dict[str, Path], max_epochs: int, mixed: bool
) -> None:
    config = config_of(paths, max_epochs, mixed)
    words = {"@batchers": "spacy.batch_by_words.v1", "size": 3, "tolerance": 0.2}
    config["training"]["batcher"]["batcher"] = {**words, "discard_oversize": True}
    what = "the corpora" if mixed else "the corpus '(tags|names|topics)'"
    with pytest.raises(ValueError, match=f"no batch of {what}.*discard_oversize = false"):
        draw(config, 1)


def test_corpora_are_looked_through_once(
    paths: Dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though initialisation and training make a reader each."""
    n_read: Counter = Counter()
    read_once = CorpusSpec.read

    def counted(self: CorpusSpec, nlp: Language) -> Any:
        n_read[self.name] += 1
        return read_once(self, nlp)

    nlp = init_nlp(config_of(paths, max_epochs=-1))
    monkeypatch.setattr(CorpusSpec, "read", counted)
    reader = registry.resolve(nlp.config.interpolate()["corpora"])["train"]
    assert reader(nlp).sampler.sizes == SIZES
    assert not n_read
    # Of another pipeline, more or less may be annotated.
    other = init_nlp(config_of(paths, max_epochs=-1))
    assert n_read["tags"] > 1
    assert other is not nlp


def test_variable_for_the_number_of_epochs(paths: Dict[str, Path]) -> None:
    config = config_of(paths)
    config["vars"] = {"epochs": -1}
    text = config.to_str().replace("max_epochs = 0", "max_epochs = ${vars.epochs}")
    nlp = init_nlp(Config().from_str(text, interpolate=False))
    reader = registry.resolve(nlp.config.interpolate()["corpora"])["train"]
    assert isinstance(reader(nlp), CorpusStream)
    # Of the last text, which spaCy does not show.
    assert "LATE" in nlp.get_pipe("ner").labels  # type: ignore[attr-defined]


def test_schedule_of_a_development_corpus(paths: Dict[str, Path]) -> None:
    config = config_of(paths)
    config["corpora"]["dev"]["schedule"] = {"@mtl_schedules": "spacy_mtl.Uniform.v1"}
    with pytest.raises(ValueError, match=r"\[corpora.dev.schedule\] would draw"):
        init_nlp(config)


def test_schedule_is_checked_before_training(paths: Dict[str, Path]) -> None:
    schedule = {"@mtl_schedules": "spacy_mtl.Weighted.v1", "shares": {"tagz": 1.0}}
    with pytest.raises(ValueError, match="names 'tagz'"):
        init_nlp(config_of(paths, schedule=schedule))
    schedule = {"@mtl_schedules": "spacy_mtl.Weighted.v1", "shares": {"tags": 1.0}}
    with pytest.warns(UserWarning, match="never draws from 'names', 'topics'"):
        init_nlp(config_of(paths, schedule=schedule))


def test_stock_component_that_would_learn_from_another(paths: Dict[str, Path]) -> None:
    """It does not look at what a corpus declares."""
    nlp = with_heads("tagger", "ner")
    nlp.add_pipe("ner", name="stock")
    blocks = {n: {"path": str(paths[n]), "tasks": [t]} for n, t in KINDS.items() if n != "topics"}
    blocks["topics"] = {"path": str(paths["topics"]), "tasks": ["stock", "ner"]}
    with pytest.raises(ValueError, match="'names' has entities for 'ner', and the stock .*'stock'"):
        next(iter(read(blocks)(nlp)))
    blocks["names"]["tasks"] = ["ner", "stock"]
    next(iter(read(blocks)(nlp)))


@pytest.mark.parametrize("factory", ["textcat", "senter", "spancat", "span_finder"])
def test_stock_component_that_reads_absence(paths: Dict[str, Path], factory: str) -> None:
    """What is missing is "nothing there" to it: it has to be declared, or left out."""
    nlp = with_heads("tagger")
    nlp.add_pipe(factory)
    blocks = {"tags": {"path": str(paths["tags"]), "tasks": ["tagger"]}}
    with pytest.raises(ValueError, match=f"'tags' does not declare '{factory}'.*nothing"):
        next(iter(read(blocks)(nlp)))
    blocks["tags"]["tasks"] = ["tagger", factory]
    if factory == "textcat":
        nlp.initialize(lambda: read(blocks)(nlp))
        # Nobody learns from a development corpus, nor who is frozen.
        blocks["tags"]["tasks"] = ["tagger"]
        assert nlp.evaluate(list(read(blocks)(nlp)))["tag_acc"] is not None
        schedule = {"@mtl_schedules": "spacy_mtl.Uniform.v1"}
        with pytest.raises(ValueError, match="does not declare 'textcat'"):
            read(blocks, schedule=schedule)(nlp)
        nlp.config["training"]["frozen_components"] = ["textcat"]
        nlp.config["training"]["batcher"]["@batchers"] = "spacy_mtl.CorpusBatcher.v1"
        assert len(list(read(blocks, schedule=schedule)(nlp))) == SIZES["tags"]


def test_beside_an_entity_ruler(paths: Dict[str, Path]) -> None:
    """Which reports the same scores, and is not trained."""
    nlp = with_heads("ner")
    ruler: Any = nlp.add_pipe("entity_ruler", first=True)
    blocks = {"names": {"path": str(paths["names"]), "tasks": ["ner"]}}
    nlp.initialize(lambda: read(blocks)(nlp))
    ruler.add_patterns([{"label": "LOC", "pattern": "p1"}])
    assert nlp.evaluate(list(read(blocks)(nlp)))["ents_f"] is not None


def test_stock_component_of_several_labels(paths: Dict[str, Path]) -> None:
    """To it what is missing is missing."""
    nlp = with_heads("tagger")
    nlp.add_pipe("textcat_multilabel")
    blocks = {n: {"path": str(paths[n]), "tasks": ["tagger"]} for n in ("tags", "names")}
    blocks["topics"] = {"path": str(paths["topics"]), "tasks": ["textcat_multilabel"]}
    nlp.initialize(lambda: read(blocks)(nlp))
    examples = [eg for eg in read(blocks)(nlp) if eg.corpus == "tags"]
    assert nlp.update(examples, sgd=False)["textcat_multilabel"] == 0


def test_sourced_pipeline_whose_batcher_knows_no_schedule(
    paths: Dict[str, Path], tmp_path: Path
) -> None:
    """Nothing is initialised, so it cannot be put inside of one that does."""
    config = config_of(paths)
    nlp = init_nlp(config)
    nlp.to_disk(tmp_path / "nlp")
    for name in nlp.component_names:
        config["components"][name] = {"source": str(tmp_path / "nlp")}
    stock = {"@batchers": "spacy.batch_by_sequence.v1", "size": 6}
    good, config["training"]["batcher"] = config["training"]["batcher"], stock
    with pytest.raises(ValueError, match="ignored by spacy.batch_by_sequence.v1, the batcher"):
        train(init_nlp(config))
    config["training"]["batcher"] = good
    train(init_nlp(config))


def test_sourced_heads_that_report_the_same(paths: Dict[str, Path], tmp_path: Path) -> None:
    """Trained apart, they have not been parted."""
    for task in ("topic", "mood"):
        nlp = spacy.blank("en")
        add_joint(nlp, None)
        nlp.add_pipe("mtl_textcat", name=task, config={"prefix": f"{task}:"})
        docs = [make_doc(nlp, i) for i in range(30)]
        for doc in docs:
            doc.cats = {f"{task}:{label}": value for label, value in doc.cats.items()}
        DocBin(docs=docs).to_disk(tmp_path / f"{task}.spacy")
        blocks = {task: {"path": str(tmp_path / f"{task}.spacy"), "tasks": [task]}}
        reader = read(blocks)
        nlp.initialize(lambda nlp=nlp, reader=reader: reader(nlp))
        nlp.to_disk(tmp_path / task)
    both = spacy.load(tmp_path / "topic")
    other = spacy.load(tmp_path / "mood", vocab=both.vocab)
    both.add_pipe("mood", source=other)
    blocks = {t: {"path": str(tmp_path / f"{t}.spacy"), "tasks": [t]} for t in ("topic", "mood")}
    with pytest.raises(ValueError, match="'topic' and 'mood' both report 'cats_.*score_prefix = "):
        list(read(blocks)(both))
    for task in ("topic", "mood"):
        both.get_pipe(task).score_prefix = task  # type: ignore[attr-defined]
    examples = list(read(blocks)(both))
    scores = both.evaluate([eg for eg in examples if eg.corpus == "topic"])
    assert scores["topic_cats_score"] is not None
    assert scores["mood_cats_score"] is None


def test_limit_of_a_folder(paths: Dict[str, Path]) -> None:
    """Over all its files, and of what max_length leaves."""
    folder = next(iter(paths.values())).parent
    nlp = with_heads("tagger")
    docs = [nlp.make_doc("long " * 9)] * 5
    DocBin(docs=docs).to_disk(folder / "a_long.spacy")
    blocks = {"all": {"path": str(folder), "tasks": ["tagger"], "limit": 160, "max_length": 6}}
    assert len(list(read(blocks)(nlp))) == 160


def test_reader_that_cannot_be_hashed_or_fails(paths: Dict[str, Path]) -> None:
    @dataclass
    class Rows:
        rows: Any

        def __call__(self, nlp: Language) -> Any:
            return [Example(nlp.make_doc(doc.text), doc) for doc in self.rows]

    @registry.readers("rows.v1")
    def create_rows(fails: bool = False) -> Any:
        blank = spacy.blank("en")
        return Rows(None if fails else [make_doc(blank, i) for i in range(150)])

    def block(fails: bool) -> Dict[str, Any]:
        path = {"@readers": "rows.v1", "fails": fails}
        return {"rows": {"path": path, "tasks": ["tagger"]}}

    nlp = with_heads("tagger")
    nlp.initialize(lambda: read(block(fails=False))(nlp))
    assert "RARE" in nlp.get_pipe("tagger").labels  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"'rows' \(from its reader\) cannot be read: 'NoneType'"):
        list(read(block(fails=True))(nlp))


def test_sentence_starts_that_dependencies_imply(tmp_path: Path) -> None:
    """Where dependencies are another's, their sentence starts are missing, too."""
    nlp = spacy.blank("en")
    words = ["a", "b", "c", "d"]
    doc = Doc(nlp.vocab, words=words, tags=["X"] * 4, heads=[0, 0, 2, 2], deps=["ROOT", "x"] * 2)
    assert doc.has_annotation("SENT_START")
    DocBin(docs=[doc]).to_disk(tmp_path / "parsed.spacy")
    nlp.add_pipe("parser")
    add_joint(nlp, None)
    nlp.add_pipe("mtl_tagger", name="tagger")
    path = str(tmp_path / "parsed.spacy")
    found = {}
    for tasks in (["tagger"], ["parser"]):
        blocks = {"one": {"path": path, "tasks": tasks}}
        blocks["two"] = {"path": path, "tasks": ["tagger", "parser"]}
        first = next(iter(read(blocks)(nlp)))
        found[tasks[0]] = first.reference.has_annotation("SENT_START")
    assert found == {"tagger": False, "parser": True}


@pytest.mark.filterwarnings("ignore:.*occurs in the data, but is none of the labels")
@pytest.mark.parametrize("max_epochs", [0, -1])
@pytest.mark.parametrize("factory", ["mtl_textcat", "mtl_textcat_multilabel"])
def test_labels_that_the_config_names(tmp_path: Path, factory: str, max_epochs: int) -> None:
    """Two heads on the same texts, whose labels only the config tells apart."""
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(f"w{i}") for i in range(20)]
    for i, doc in enumerate(docs):
        doc.cats = {"a": float(i % 2), "b": float(1 - i % 2), "x": 1.0, "y": 0.0}
    DocBin(docs=docs).to_disk(tmp_path / "all.spacy")
    add_joint(nlp, None)
    for task in ("topic", "mood"):
        nlp.add_pipe(factory, name=task)
    config: Any = Config(nlp.config).copy()
    config["paths"] = {"train": None, "dev": None, "vectors": None, "init_tok2vec": None}
    block = {"path": str(tmp_path / "all.spacy"), "tasks": ["topic", "mood"]}
    reader = {"@readers": "spacy_mtl.MultiCorpus.v1", "corpora": {"all": block}}
    config["corpora"] = {"train": reader, "dev": reader}
    config["training"].update(max_epochs=max_epochs, max_steps=2, eval_frequency=1)
    labels = {"topic": {"labels": ["a", "b"]}, "mood": {"labels": ["x", "y"]}}
    config["initialize"]["components"] = labels
    trained = init_nlp(config)
    for task, named in labels.items():
        assert set(trained.get_pipe(task).labels) == set(named["labels"])  # type: ignore[attr-defined]
    train(trained)


def test_dynamic_schedules_are_told(paths: Dict[str, Path]) -> None:
    """Losses of every step, scores of every evaluation, by spaCy's own loop."""
    seen: Dict[str, List[Any]] = {"losses": [], "scores": []}

    class Watching:
        def __call__(self, progress: Any) -> Dict[str, float]:
            return dict.fromkeys(progress.sizes, 1.0)

        def observe_losses(self, losses: Dict[str, float]) -> None:
            seen["losses"].append(losses)

        def observe_scores(self, scores: Dict[str, float]) -> None:
            seen["scores"].append(scores)

    registry.mtl_schedules("watching.v1", func=Watching)
    config = config_of(paths, -1, schedule={"@mtl_schedules": "watching.v1"})
    train(init_nlp(config))
    assert len(seen["losses"]) == 7
    assert all(set(losses) <= set(KINDS.values()) and losses for losses in seen["losses"])
    assert [set(scores) for scores in seen["scores"]] == [set(KINDS.values())] * 3


def test_batcher_without_a_schedule(paths: Dict[str, Path]) -> None:
    config = config_of(paths, 0, schedule=None)
    with pytest.raises(ValueError, match="CorpusBatcher.v1 draws.*corpora.train.schedule"):
        draw(config, 1)


def test_batcher_of_plain_examples() -> None:
    from spacy_mtl.corpus.batcher import CorpusBatcher

    nlp = spacy.blank("en")
    examples: Iterable[Example] = [Example(nlp("a"), nlp("a"))]
    with pytest.raises(ValueError, match='@readers = "spacy_mtl.MultiCorpus.v1"'):
        next(iter(CorpusBatcher(lambda egs: [list(egs)])(examples)))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"names": {"path": "nowhere.spacy"}}, "'path' of the corpus 'names' is 'nowhere.spacy'"),
        ({"names": {"path": None}}, "'path' of the corpus 'names' is None"),
        ({"names": {"path": 5}}, "'path' of the corpus 'names' is 5"),
        ({"names": {"path": ["a", "b"]}}, "'path' of the corpus 'names' is \\['a', 'b'\\]"),
        ({"names": {"path": ""}}, "'path' of the corpus 'names' is ''"),
        ({"names": {"tasks": []}}, "'tasks' of the corpus 'names' is \\[\\]"),
        ({"names": {"tasks": "ner"}}, "'tasks' of the corpus 'names' is 'ner'.*a list"),
        ({"names": {"limit": -1}}, "'limit' of the corpus 'names' is -1"),
        ({"names": {"repeat": 0}}, "'repeat' of the corpus 'names' is 0"),
        ({"names": {"lmit": 3}}, "corpus 'names' is .*lmit.*some of: path, tasks, limit"),
    ],
)
def test_entries(paths: Dict[str, Path], change: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"{message}.*corpora.train.corpora.names"):
        read(corpora(paths, **change))


def test_no_corpora() -> None:
    with pytest.raises(ValueError, match="has no corpora"):
        read({})


def test_unknown_task(paths: Dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="'names' declares the task 'nre'.* are tagger, ner"):
        init_nlp(config_of(paths, corpora=corpora(paths, names={"tasks": ["nre"]})))


def test_task_that_no_corpus_annotates(paths: Dict[str, Path]) -> None:
    blocks = corpora(paths)
    del blocks["names"]
    with pytest.raises(ValueError, match="task 'ner' is annotated by no corpus.*tags, topics"):
        init_nlp(config_of(paths, corpora=blocks))


def test_declared_and_not_there(paths: Dict[str, Path], tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    DocBin(docs=[nlp("no tags")]).to_disk(tmp_path / "plain.spacy")
    blocks = corpora(paths, tags={"path": str(tmp_path / "plain.spacy")})
    with pytest.raises(ValueError, match="'tags' declares the task 'tagger', but none of its 1"):
        init_nlp(config_of(paths, corpora=blocks))


@pytest.mark.parametrize(
    "factory, settings",
    [
        ("mtl_textcat", {"prefix": "t:"}),
        ("mtl_ner", {"spans_key": "events"}),
        ("mtl_tagger", {"attribute": "_.style"}),
    ],
)
def test_declared_and_not_there_for_that_head(
    paths: Dict[str, Path], factory: str, settings: Dict[str, Any]
) -> None:
    """Annotation of the kind, but of another prefix, key or extension."""
    nlp = with_heads()
    nlp.add_pipe(factory, name="special", config=settings)
    blocks = corpora(paths, topics={"tasks": ["textcat", "special"]})
    with pytest.raises(
        ValueError, match="'topics' declares the task 'special', but none of its 30"
    ):
        read(blocks)(nlp)


def test_what_is_no_corpus(paths: Dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match="'names', .*folder, has no .spacy file in it"):
        read(corpora(paths, names={"path": str(tmp_path / "folder")}))
    (tmp_path / "names.jsonl").write_text("{}")
    with pytest.raises(ValueError, match="'names', .*names.jsonl, is no .spacy.*mtl convert"):
        read(corpora(paths, names={"path": str(tmp_path / "names.jsonl")}))
    (tmp_path / "cut.spacy").write_bytes(paths["names"].read_bytes()[:100])
    cut = read(corpora(paths, names={"path": str(tmp_path / "cut.spacy")}))
    with pytest.raises(ValueError, match="corpus 'names' .*cut.spacy.* cannot be read: .*E1014"):
        cut(with_heads())


def test_empty_corpus(paths: Dict[str, Path], tmp_path: Path) -> None:
    DocBin(docs=[]).to_disk(tmp_path / "empty.spacy")
    blocks = corpora(paths, tags={"path": str(tmp_path / "empty.spacy")})
    with pytest.raises(ValueError, match="corpus 'tags' has no text .*empty.spacy"):
        init_nlp(config_of(paths, corpora=blocks))
    with pytest.raises(ValueError, match="corpus 'tags' has no text .*max_length = 2"):
        init_nlp(config_of(paths, corpora=corpora(paths, tags={"max_length": 2})))


def test_empty_development_corpus(paths: Dict[str, Path], tmp_path: Path) -> None:
    """Scores of it would be missing without a word."""
    DocBin(docs=[]).to_disk(tmp_path / "empty.spacy")
    config = config_of(paths)
    config["corpora"]["dev"]["corpora"]["names"]["path"] = str(tmp_path / "empty.spacy")
    with pytest.raises(ValueError, match="corpus 'names' has no text.*corpora.dev.corpora.names"):
        train(init_nlp(config))
