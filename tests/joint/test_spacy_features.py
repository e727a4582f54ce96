"""Everything a spaCy user does with a pipeline goes on working."""

import copy
import multiprocessing
import pickle
import warnings
from pathlib import Path
from typing import Any, Callable, List

import numpy
import pytest
import spacy
import torch
from encoder_gradients import encoder_values
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Adam, RAdam
from tiny_corpus import make_examples
from tiny_pipelines import HEADS, add_joint

TEXTS = ["Anna books a room in Berlin .", "the books of New York", "old runs", ""]


def predictions(nlp: Language, texts: List[str] = TEXTS) -> List[Any]:
    return [as_values(doc) for doc in nlp.pipe(texts)]


def as_values(doc: Doc) -> Any:
    ents = [(e.start, e.end, e.label_) for e in doc.ents]
    cats = {label: round(value, 5) for label, value in doc.cats.items()}
    return [token.tag_ for token in doc], ents, cats


def train_steps(nlp: Language, n: int = 3, rate: float = 0.01, **kwargs: Any) -> Any:
    sgd = Adam(rate)
    for _ in range(n):
        nlp.update(make_examples(nlp), sgd=False, **kwargs)
        for name, pipe in nlp.pipeline:
            if name not in kwargs.get("exclude", ()):
                pipe.finish_update(sgd)
    return sgd


def parameters(nlp: Language, *names: str) -> bytes:
    return b"".join(nlp.get_pipe(name).model.to_bytes() for name in names)


def test_it_learns(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp, 60)
    scores = nlp.evaluate(make_examples(nlp))
    assert scores["tag_acc"] == scores["ents_f"] == scores["cats_score"] == 1.0


def test_update_without_optimizer(make_nlp: Callable, encoder: Any) -> None:
    """sgd=None makes the pipeline's own optimizer."""
    nlp = make_nlp(encoder=encoder)
    before = encoder_values(nlp)
    for _ in range(3):
        nlp.update(make_examples(nlp))
    assert not numpy.array_equal(encoder_values(nlp), before)


def test_frozen_head_keeps_its_parameters(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    nlp.config["training"]["frozen_components"] = ["textcat"]
    before, encoder_before = parameters(nlp, "textcat"), encoder_values(nlp)
    train_steps(nlp, exclude=["textcat"])
    assert parameters(nlp, "textcat") == before
    assert not numpy.array_equal(encoder_values(nlp), encoder_before)


def test_heads_train_on_a_frozen_encoder(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    frozen = [name for name in ("transformer", "mtl") if name in nlp.pipe_names]
    nlp.config["training"]["frozen_components"] = frozen
    before, head_before = encoder_values(nlp), parameters(nlp, "ner")
    train_steps(nlp, exclude=frozen, annotates=frozen)
    assert numpy.array_equal(encoder_values(nlp), before)
    assert parameters(nlp, "ner") != head_before


def test_frozen_mtl_beside_a_transformer_that_is_not(make_nlp: Callable) -> None:
    nlp = make_nlp()
    nlp.config["training"]["frozen_components"] = ["mtl"]
    with pytest.warns(UserWarning, match="'mtl' is frozen .* 'transformer' is not.*nothing trains"):
        train_steps(nlp, 1, exclude=["mtl"])


@pytest.mark.parametrize("frozen", [["mtl"], ["tagger", "ner", "textcat"]])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pickling_after_an_update_without_a_step(make_nlp: Callable, frozen: List[str]) -> None:
    nlp = make_nlp()
    nlp.config["training"]["frozen_components"] = frozen
    train_steps(nlp, 1, exclude=frozen)
    assert pickle.loads(pickle.dumps(nlp))("old runs").cats == nlp("old runs").cats


def test_heads_train_on_a_frozen_encoder_that_does_not_annotate(
    make_nlp: Callable, encoder: Any
) -> None:
    nlp = make_nlp(encoder=encoder)
    frozen = [name for name in ("transformer", "mtl") if name in nlp.pipe_names]
    before, head_before = encoder_values(nlp), parameters(nlp, "ner")
    train_steps(nlp, exclude=frozen)
    assert numpy.array_equal(encoder_values(nlp), before)
    assert parameters(nlp, "ner") != head_before


def test_frozen_encoder_in_a_pipeline_that_was_never_updated(
    make_nlp: Callable, encoder: Any, tmp_path: Path
) -> None:
    make_nlp(encoder=encoder).to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    frozen = [name for name in ("transformer", "mtl") if name in nlp.pipe_names]
    before = parameters(nlp, "ner")
    train_steps(nlp, 1, exclude=frozen, annotates=frozen)
    assert parameters(nlp, "ner") != before


def test_annotating_head(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    names = [name for name in ("transformer", "mtl", "tagger") if name in nlp.pipe_names]
    train_steps(nlp, annotates=names)
    with pytest.raises(ValueError, match="annotating_components"):
        train_steps(nlp, annotates=["tagger"])


def test_mtl_annotates_but_encoder_does_not(make_nlp: Callable) -> None:
    nlp = make_nlp()
    with pytest.raises(ValueError, match="annotating_components"):
        train_steps(nlp, annotates=["mtl"])


def test_pipes_change_between_updates(make_nlp: Callable, encoder: Any) -> None:
    """The tasks follow the pipeline: heads renamed, removed, replaced, added."""
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp, 1)
    nlp.rename_pipe("ner", "names")
    nlp.remove_pipe("textcat")
    nlp.replace_pipe("tagger", "mtl_tagger", config={"attribute": "pos"})
    nlp.add_pipe("mtl_textcat", name="topic")
    labels = {"tagger": ["NOUN", "VERB"], "topic": ["a", "b"]}
    for name, of_head in labels.items():
        nlp.get_pipe(name).initialize(lambda: make_examples(nlp), nlp=nlp, labels=of_head)
    before = parameters(nlp, "names", "topic")
    losses = nlp.update(make_examples(nlp), sgd=Adam(0.01))
    assert nlp.get_pipe("mtl").tasks == ["tagger", "names", "topic"]
    assert losses["mtl"] == pytest.approx(losses["names"] + losses["topic"])
    assert parameters(nlp, "names", "topic") != before
    reloaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert reloaded.get_pipe("mtl").tasks == ["tagger", "names", "topic"]
    assert predictions(reloaded) == predictions(nlp)


def test_select_pipes(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp)
    expected = predictions(nlp)
    with nlp.select_pipes(disable=["ner"]):
        found = predictions(nlp)
        assert [f[0] for f in found] == [e[0] for e in expected]
        train_steps(nlp, 1)
    train_steps(nlp, 1)
    assert nlp.get_pipe("mtl").tasks == list(HEADS)
    with nlp.select_pipes(disable=["mtl"]), pytest.raises(ValueError, match="needs the output"):
        nlp("Anna runs")


def test_component_enabled_after_linking(make_nlp: Callable, encoder: Any) -> None:
    """spaCy links the enabled components only, and not again when one is enabled."""
    nlp = make_nlp(encoder=encoder)
    nlp.disable_pipe("tagger")
    nlp._link_components()
    nlp.enable_pipe("tagger")
    train_steps(nlp, 1)
    assert nlp.get_pipe("mtl").tasks == list(HEADS)


def test_rehearse(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp, 1)
    sgd = nlp.resume_training()
    nlp.rehearse(make_examples(nlp), sgd=sgd)
    nlp.update(make_examples(nlp), sgd=sgd)


def test_rehearse_with_stock_heads(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(["ner"], encoder=encoder, initialize=False)
    listener = {"@architectures": "spacy_mtl.TaskListener.v1"}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    nlp.add_pipe("tagger", config={"model": model})
    nlp.initialize(lambda: make_examples(nlp))
    train_steps(nlp, 1)
    sgd = nlp.resume_training()
    nlp.rehearse(make_examples(nlp), sgd=sgd)
    train_steps(nlp, 1)


def test_rehearse_with_a_stock_parser(make_nlp: Callable, encoder: Any) -> None:
    """It asks the copy of its model, and that without training, before its own."""
    nlp = make_nlp(["tagger"], encoder=encoder, initialize=False)
    model = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 8,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": {"@architectures": "spacy_mtl.TaskListener.v1"},
    }
    nlp.add_pipe("ner", config={"model": model})
    nlp.initialize(lambda: make_examples(nlp))
    train_steps(nlp, 1)
    sgd = nlp.resume_training()
    nlp.rehearse(make_examples(nlp), sgd=sgd)
    train_steps(nlp, 1)


def test_bytes(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp)
    loaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert predictions(loaded) == predictions(nlp)


def test_disk(make_nlp: Callable, encoder: Any, tmp_path: Path) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert predictions(loaded) == predictions(nlp)
    assert loaded.config.to_str() == nlp.config.to_str()
    train_steps(loaded, 1)


def test_pickle_after_update(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp)
    nlp.update(make_examples(nlp), sgd=False, exclude=["textcat"])  # the step stays open
    pipes = pickle.loads(pickle.dumps(list(nlp.pipeline)))
    docs = [nlp.make_doc(text) for text in TEXTS]
    for _, pipe in pipes:
        docs = list(pipe.pipe(docs))
    assert [as_values(doc) for doc in docs] == predictions(nlp)


def test_deepcopy(make_nlp: Callable) -> None:
    nlp = make_nlp(encoder=None)
    train_steps(nlp)
    copied = copy.deepcopy(nlp.get_pipe("mtl"))
    assert copied.nlp is None
    assert copied.tasks == list(HEADS)


@pytest.mark.parametrize("trained", [False, True])
def test_worker_processes(make_nlp: Callable, encoder: Any, trained: bool) -> None:
    """Forked children of a process that ran torch in threads do not hang."""
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this platform does not fork")
    # Threads of torch are what forked workers hung on.
    torch.set_num_threads(2)
    nlp = make_nlp(encoder=encoder)
    if trained:
        train_steps(nlp)
    texts = TEXTS * 20
    expected = predictions(nlp, texts)
    found = [as_values(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=8)]
    assert [f[:2] for f in found] == [e[:2] for e in expected]


def test_replace_listeners(make_nlp: Callable, encoder: Any, tmp_path: Path) -> None:
    nlp = make_nlp(encoder=encoder)
    train_steps(nlp)
    expected = predictions(nlp)
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    assert nlp.get_pipe("mtl").tasks == ["tagger", "textcat"]
    assert predictions(nlp) == expected
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert predictions(loaded) == expected
    before = parameters(loaded, "ner")
    shared_before = encoder_values(loaded)
    train_steps(loaded, 2)
    assert parameters(loaded, "ner") != before
    assert not numpy.array_equal(encoder_values(loaded), shared_before)


def test_replaced_encoder_is_a_model_of_its_own(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    ids = [node.id for _, pipe in nlp.pipeline for node in pipe.model.walk()]
    shims = [s.id for _, pipe in nlp.pipeline for node in pipe.model.walk() for s in node.shims]
    assert len(ids) == len(set(ids))
    assert len(shims) == len(set(shims))


def test_source_a_head(make_nlp: Callable, encoder: Any, encoder_dir: str) -> None:
    source = make_nlp(encoder=encoder)
    train_steps(source)
    nlp = spacy.blank("en")
    for name in source.pipe_names[:-1]:
        nlp.add_pipe(name, source=source)
    nlp.add_pipe("mtl_textcat", name="textcat")
    with nlp.select_pipes(disable=source.pipe_names[:-1]):
        nlp.initialize(lambda: make_examples(nlp))
    assert nlp.get_pipe("mtl").tasks == list(HEADS)
    for text in TEXTS:
        assert as_values(nlp(text))[:2] == as_values(source(text))[:2]
    before = encoder_values(nlp)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        train_steps(nlp, 2)
    assert not numpy.array_equal(encoder_values(nlp), before)


def test_source_a_replaced_head(make_nlp: Callable, encoder: Any) -> None:
    source = make_nlp(encoder=encoder)
    train_steps(source)
    expected = [p[1] for p in predictions(source)]
    source.replace_listeners("mtl", "ner", ["model.tok2vec"])
    nlp = spacy.blank("en")
    nlp.add_pipe("ner", source=source)
    assert [p[1] for p in predictions(nlp)] == expected


def test_averages_reach_the_encoder(make_nlp: Callable, encoder: Any, tmp_path: Path) -> None:
    nlp = make_nlp(encoder=encoder)
    sgd = Adam(0.05, use_averages=True)
    for _ in range(4):
        nlp.update(make_examples(nlp), sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)
    raw, predicted = encoder_values(nlp), predictions(nlp)
    with nlp.use_params(sgd.averages):
        averaged = encoder_values(nlp)
        nlp.to_disk(tmp_path)
        expected = predictions(nlp)
    assert not numpy.allclose(averaged, raw)
    assert numpy.array_equal(encoder_values(nlp), raw)
    assert predictions(nlp) == predicted
    loaded = spacy.load(tmp_path)
    assert numpy.array_equal(encoder_values(loaded), averaged)
    assert predictions(loaded) == expected


def test_averages_reach_an_encoder_of_its_own(make_nlp: Callable) -> None:
    nlp = make_nlp()
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    sgd = Adam(0.05, use_averages=True)
    for _ in range(3):
        nlp.update(make_examples(nlp), sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)
    (shim,) = [shim for node in nlp.get_pipe("ner").model.walk() for shim in node.shims]
    weight = next(iter(shim._model.parameters()))
    raw = weight.detach().numpy().copy()
    with nlp.use_params(sgd.averages):
        assert not numpy.allclose(weight.detach().numpy(), raw)
    assert numpy.array_equal(weight.detach().numpy(), raw)


def test_learn_rate_scale(make_nlp: Callable) -> None:
    def moved(scale: float) -> float:
        nlp = make_nlp(["ner"], encoder=None)
        head = nlp.get_pipe("ner")
        head.learn_rate_scale = scale
        output = head.model.get_ref("output_layer")
        before = output.get_param("W").copy()
        train_steps(nlp, 1, rate=0.001)
        return float(numpy.abs(output.get_param("W") - before).max())

    assert moved(10.0) == pytest.approx(10 * moved(1.0), rel=1e-2)


def test_learn_rate_scale_spares_an_encoder_of_its_own(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    nlp.replace_listeners("mtl", "ner", ["model.tok2vec"])
    head = nlp.get_pipe("ner")
    head.learn_rate_scale = 10.0
    seen = {}

    def sgd(key: Any, weights: Any, gradient: Any, *, lr_scale: float = 1.0) -> Any:
        seen[key] = lr_scale
        return weights, gradient

    nlp.update(make_examples(nlp), sgd=False)
    head.finish_update(sgd)
    encoder_ids = {node.id for node in head.model.get_ref("tok2vec").walk()}
    assert {scale for key, scale in seen.items() if key[0] in encoder_ids} == {1.0}
    assert {scale for key, scale in seen.items() if key[0] not in encoder_ids} == {10.0}


def test_learn_rate_scale_needs_adam(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    nlp.get_pipe("ner").learn_rate_scale = 10.0
    nlp.update(make_examples(nlp), sgd=False)
    with pytest.raises(ValueError, match="RAdam"):
        nlp.get_pipe("ner").finish_update(RAdam(0.001))


def test_head_without_gold_is_not_moved(make_nlp: Callable, encoder: Any) -> None:
    """Adam's momentum and weight decay would move it."""
    nlp = make_nlp(encoder=encoder)
    sgd = train_steps(nlp)
    before = parameters(nlp, "ner")
    for _ in range(2):
        nlp.update(make_examples(nlp, keep="tag"), sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)
    assert parameters(nlp, "ner") == before


def test_several_blank_pipelines(encoder_dir: str) -> None:
    """Heads made from default configs alone."""
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    nlp.add_pipe("mtl_textcat_multilabel", name="topics")
    nlp.add_pipe("mtl_tagger", name="pos", config={"attribute": "pos"})
    assert nlp.get_pipe("mtl").tasks == ["topics", "pos"]


def test_a_batch_of_another_vocab_is_not_the_end(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    nlp.update(make_examples(spacy.blank("en")), sgd=False)
    assert nlp.get_pipe("mtl").nlp is None
    nlp.update(make_examples(nlp), sgd=False)
    assert nlp.get_pipe("mtl").nlp is nlp
