"""Every scheme in a pipeline: the same predictions however it is saved, loaded and put together."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import numpy
import pytest
import spacy
from encoders_by_place import PLACES, build_at
from predicted_values import TEXTS, as_values, predictions
from same_linear import environment
from scheme_pipelines import ONE_EACH, build, network_of, trained
from schemes import ROWS, Row
from spacy.cli.package import package
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from tiny_corpus import make_examples
from tiny_pipelines import sourced
from training_steps import parameters, train_steps

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
every_scheme = pytest.mark.parametrize("row", ONE_EACH, ids=lambda row: row.id)


def values_of(nlp: Language) -> Dict[str, numpy.ndarray]:
    return {k: v.numpy().copy() for k, v in network_of(nlp).state_dict().items()}


def assert_same(found: Dict[str, numpy.ndarray], expected: Dict[str, numpy.ndarray]) -> None:
    assert set(found) == set(expected)
    assert all(numpy.array_equal(found[key], value) for key, value in expected.items())


@every_row
def test_bytes_and_disk(row: Row, tmp_path: Path) -> None:
    nlp = trained(row)
    expected, values = predictions(nlp), values_of(nlp)
    assert row.is_frozen or any(ents for _, ents, _ in expected)
    again = build(row, initialize=False).from_bytes(nlp.to_bytes())
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    for other in (again, loaded):
        assert predictions(other) == expected
        assert_same(values_of(other), values)
        mtl: Any = other.get_pipe("mtl")
        assert mtl.cfg["tasks"] == ["tagger", "ner", "textcat"]
        assert mtl.scheme.get_state() == nlp.get_pipe("mtl").scheme.get_state()  # type: ignore
    # Loading into a pipeline that was initialized replaces what is there.
    assert predictions(build(row).from_bytes(nlp.to_bytes())) == expected


@every_scheme
def test_trained_on_alike_after_loading(row: Row, tmp_path: Path) -> None:
    nlp = trained(row, 2)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    for pipeline in (nlp, loaded):
        # Random draws of a scheme.
        spacy.util.fix_random_seed(1)
        train_steps(pipeline, 2)
    assert_same(values_of(loaded), values_of(nlp))


@every_scheme
def test_predictions_depend_on_views(row: Row) -> None:
    """Not on the shared representation alone."""
    nlp = trained(row)
    doc = nlp("Anna books a room in Berlin .")
    ner: Any = nlp.get_pipe("ner")
    before = ner.predict([doc])
    for parameter in network_of(nlp).parameters():
        parameter.data += 1.0
    after = ner.predict([doc])
    assert not numpy.allclose(before[0], after[0])


@every_scheme
def test_without_a_head(row: Row, tmp_path: Path) -> None:
    """Its parts of the scheme are kept, and saved again."""
    nlp = trained(row)
    expected, values = predictions(nlp), values_of(nlp)
    nlp.to_disk(tmp_path / "all")
    without = spacy.load(tmp_path / "all", exclude=["ner"])
    assert [(t, c) for t, _, c in predictions(without)] == [(t, c) for t, _, c in expected]
    assert_same(values_of(without), values)
    without.to_disk(tmp_path / "without")
    again = spacy.load(tmp_path / "without")
    assert_same(values_of(again), values)
    # The head is put back.
    again.add_pipe("ner", source=spacy.load(tmp_path / "all"), before="textcat")
    assert predictions(again) == expected


@pytest.mark.parametrize("place", PLACES)
def test_wherever_the_encoder_is(encoder_dir: str, place: str, tmp_path: Path) -> None:
    nlp = build_at(encoder_dir, place, "CrossStitch")
    nlp.initialize(lambda: make_examples(nlp))
    train_steps(nlp, 3, rate=0.01)
    expected = predictions(nlp)
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    assert predictions(loaded) == expected
    assert predictions(pickle.loads(pickle.dumps(nlp))) == expected
    assert predictions(sourced(nlp)) == expected
    one = spacy.blank("en")
    for name in [name for name in nlp.pipe_names if name not in ("tagger", "ner")]:
        one.add_pipe(name, source=nlp)
    assert [c for _, _, c in predictions(one)] == [c for _, _, c in expected]
    loaded.replace_listeners("mtl", "ner", ["model.tok2vec"])
    assert predictions(loaded) == expected
    loaded.to_disk(tmp_path / "replaced")
    assert predictions(spacy.load(tmp_path / "replaced")) == expected


@pytest.mark.slow
def test_packaged_and_loaded_without_what_only_training_needs(tmp_path: Path) -> None:
    """By a process that has neither torchjd nor a solver."""
    code = (
        "import sys\n"
        "for name in ('torchjd', 'cvxpy', 'clarabel', 'quadprog', 'qpsolvers', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        "import spacy\n"
        "for path in sys.argv[2:]:\n"
        "    nlp = spacy.load(path)\n"
        "    print([[t.tag_ for t in nlp(sys.argv[1])], nlp(sys.argv[1]).cats])\n"
    )
    paths, expected = [], []
    for row in ONE_EACH:
        nlp = trained(row, 2)
        nlp.meta["name"] = row.name.lower()
        nlp.to_disk(tmp_path / row.name)
        package(tmp_path / row.name, tmp_path, create_sdist=False, create_wheel=False)
        name = f"en_{row.name.lower()}"
        paths.append(str(tmp_path / f"{name}-0.0.0" / name / f"{name}-0.0.0"))
        doc = nlp(TEXTS[0])
        expected.append(str([[t.tag_ for t in doc], doc.cats]))
    command = [sys.executable, "-c", code, TEXTS[0], *paths]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert done.stdout.splitlines() == expected, done.stderr


def test_the_head_of_another_pipeline_is_a_new_task(tmp_path: Path) -> None:
    """It doesn't take over the parts of a head that was left out, whatever it was called."""
    nlp = trained(Row("TaskAttention"))
    values = values_of(nlp)
    nlp.to_disk(tmp_path / "all")
    without = spacy.load(tmp_path / "all", exclude=["ner"])
    without.add_pipe("ner", source=trained(Row("TaskAttention"), 2), name="other")
    mtl: Any = without.get_pipe("mtl")
    assert mtl.scheme.tasks == ["tagger", "ner", "textcat", "other"]
    found = values_of(without)
    assert_same({key: found[key] for key in values}, values)


def test_without_the_state_of_the_weighting(tmp_path: Path) -> None:
    """Its file may be deleted: what the scheme has learned is in the model."""
    nlp = trained(Row("SharedPrivate"))
    mtl: Any = nlp.get_pipe("mtl")
    nlp.to_disk(tmp_path)
    (tmp_path / "mtl" / "weighting").unlink()
    loaded: Any = spacy.load(tmp_path).get_pipe("mtl")
    assert loaded.scheme.get_state() == mtl.scheme.get_state()
    assert loaded.scheme.get_state()["classes"]["task_sets"]


@every_scheme
def test_disabled_heads(row: Row) -> None:
    nlp = trained(row)
    expected = predictions(nlp)
    with nlp.select_pipes(disable=["ner"]):
        assert [(t, c) for t, _, c in predictions(nlp)] == [(t, c) for t, _, c in expected]
    # Around a pipe that is still being read.
    stream = nlp.pipe(TEXTS, batch_size=1)
    found = [as_values(next(stream))]
    with nlp.select_pipes(disable=["ner", "tagger"]):
        found += [as_values(doc) for doc in stream]
    assert found == expected
    with nlp.select_pipes(disable=["ner", "tagger"]):
        stream = nlp.pipe(TEXTS, batch_size=1)
        next(stream)
    assert [as_values(doc)[2] for doc in stream] == [c for _, _, c in expected[1:]]


@every_scheme
def test_sourced(row: Row) -> None:
    nlp = trained(row)
    expected = predictions(nlp)
    assert predictions(sourced(nlp)) == expected
    some = spacy.blank("en")
    for name in ("mtl", "textcat"):
        some.add_pipe(name, source=nlp)
    assert [c for _, _, c in predictions(some)] == [c for _, _, c in expected]


@every_scheme
def test_a_renamed_head_keeps_its_parts(row: Row, tmp_path: Path) -> None:
    nlp = trained(row)
    mtl: Any = nlp.get_pipe("mtl")
    doc = mtl(nlp.make_doc(TEXTS[0]))
    (before,) = mtl.read_views("ner", [doc])
    nlp.rename_pipe("ner", "entities")
    assert mtl.scheme.tasks == ["tagger", "entities", "textcat"]
    (after,) = mtl.read_views("entities", [doc])
    assert numpy.array_equal(before, after)
    nlp.to_disk(tmp_path)
    loaded: Any = spacy.load(tmp_path).get_pipe("mtl")
    assert numpy.array_equal(loaded.read_views("entities", [doc])[0], before)
    train_steps(nlp, 1)
    assert numpy.array_equal(mtl.read_views("entities", [doc])[0], before) is False


def test_a_head_that_a_setting_names_is_not_renamed() -> None:
    nlp = trained(Row("InformationPassing", {"order": ["ner", "tagger", "textcat"]}), 1)
    with pytest.raises(ValueError, match=r"'ner' was renamed 'entities', but 'order' of spacy_mtl"):
        nlp.rename_pipe("ner", "entities")
    nlp.rename_pipe("entities", "ner")
    assert nlp.get_pipe("mtl").scheme.tasks == ["tagger", "ner", "textcat"]  # type: ignore
    train_steps(nlp, 1)


@every_scheme
def test_replace_listeners(row: Row, tmp_path: Path) -> None:
    nlp = trained(row)
    expected = predictions(nlp)
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    block = nlp.get_pipe_config("ner")["model"]["tok2vec"]
    assert block["@architectures"] == "spacy_mtl.TaskView.v1"
    assert (block["task"], block["tasks"]) == ("ner", ["tagger", "ner", "textcat"])
    assert predictions(nlp) == expected
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert predictions(loaded) == expected
    before = parameters(loaded, "ner")
    train_steps(loaded, 2)
    assert parameters(loaded, "ner") != before


@every_scheme
def test_pickled(row: Row) -> None:
    nlp = trained(row)
    again = pickle.loads(pickle.dumps(nlp))
    assert predictions(again) == predictions(nlp)


@every_scheme
def test_any_batch_size(row: Row) -> None:
    nlp = trained(row)
    expected = [as_values(nlp(text)) for text in TEXTS]
    for size in (1, 2, 100):
        assert [as_values(doc) for doc in nlp.pipe(TEXTS, batch_size=size)] == expected


@every_scheme
def test_several_processes(row: Row) -> None:
    nlp = trained(row)
    found = [as_values(doc) for doc in nlp.pipe(TEXTS, n_process=2, batch_size=2)]
    assert found == predictions(nlp)


@every_scheme
def test_documents_hold_no_views(row: Row) -> None:
    nlp = trained(row)
    docs = list(nlp.pipe(TEXTS))
    loaded = list(DocBin(docs=docs, store_user_data=True).get_docs(nlp.vocab))
    for doc, other in zip(docs, loaded):
        assert not doc.user_data
        assert not other.user_data
        plain = Doc(nlp.vocab).from_bytes(doc.to_bytes())
        assert plain.to_bytes() == doc.to_bytes()
        # Its view is made again from the shared representation.
        nlp.get_pipe("textcat")(plain)  # type: ignore[operator]
        assert as_values(plain) == as_values(doc)


@pytest.mark.filterwarnings("ignore:The heads .* both set")
@every_scheme
def test_a_new_head_for_a_trained_scheme(row: Row, tmp_path: Path) -> None:
    nlp = trained(row)
    expected, values = predictions(nlp), values_of(nlp)
    nlp.to_disk(tmp_path / "before")
    loaded = spacy.load(tmp_path / "before")
    head: Any = loaded.add_pipe("mtl_tagger", name="second")
    head.initialize(lambda: make_examples(loaded), nlp=loaded)
    mtl: Any = loaded.get_pipe("mtl")
    assert mtl.cfg["tasks"] == ["tagger", "ner", "textcat", "second"]
    after = values_of(loaded)
    for key, value in values.items():
        rows = tuple(slice(n) for n in value.shape)
        assert numpy.array_equal(after[key][rows], value)
    with loaded.select_pipes(disable=["second"]):
        found = predictions(loaded)
    if row.is_steady:
        assert found == expected
    for (_, _, scores), (_, _, before) in zip(found, expected):
        assert scores == pytest.approx(before, abs=1e-3)
    loaded.to_disk(tmp_path / "after")
    assert_same(values_of(spacy.load(tmp_path / "after")), after)
