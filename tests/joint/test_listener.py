"""Where heads take their view, and what is said where nothing serves them."""

import copy
import pickle
from typing import Any, Callable, List, Sequence, Tuple

import numpy
import pytest
import spacy
from open_steps import filled
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab
from tiny_corpus import make_examples
from tiny_pipelines import add_joint

from spacy_mtl.joint.listener import TaskListener, create_task_listener


@pytest.fixture
def docs() -> List[Doc]:
    vocab = Vocab()
    return [Doc(vocab, words=["old", "runs"]), Doc(vocab), Doc(vocab, words=["home"])]


def listener_of(width: int = 3) -> Any:
    return create_task_listener("mtl", width)


def copies(docs: List[Doc]) -> List[Doc]:
    return [Doc(doc.vocab, words=[token.text for token in doc]) for doc in docs]


def never(d_view: Any) -> Any:
    raise AssertionError


def test_view_of_an_open_step(docs: List[Doc]) -> None:
    listener = listener_of()
    view = filled(docs, 1)
    listener.open(docs, view, never)
    found, backprop = listener(docs, is_train=True)
    assert found is view
    assert backprop is never
    assert listener.held.was_read
    # A parser of spaCy's asks with copies of the documents.
    assert listener(copies(docs), is_train=True)[0] is view
    listener.close()
    assert listener.held is None


def test_other_documents_than_those_of_the_step(docs: List[Doc]) -> None:
    listener = listener_of()
    with pytest.raises(ValueError, match="E954"):
        listener.verify_inputs(docs)
    listener.open(docs, filled(docs, 1), never)
    for others in (docs[::-1], docs[:1], []):
        with pytest.raises(ValueError, match="E953"):
            listener(others, is_train=True)


def test_batches_are_known_by_their_tokens(docs: List[Doc]) -> None:
    number = TaskListener.get_batch_id
    assert number(docs) == number(copies(docs))
    spaces = [Doc(docs[0].vocab, words=["old", "runs"], spaces=[True, False]), *docs[1:]]
    # Of spaCy's listeners the first two have the number of the batch, too.
    others = [docs[::-1], spaces, docs[:1], []]
    assert number(docs) not in [number(each) for each in others]


def test_prediction_reads_the_tensor(docs: List[Doc]) -> None:
    """Also while a step is open."""
    listener = listener_of()
    listener.open(docs, filled(docs, 1), never)
    for doc in docs:
        doc.tensor = numpy.full((len(doc), 3), 2.0, dtype="float32")
    found = listener.predict(docs)
    assert [array.tolist() for array in found] == [array.tolist() for array in filled(docs, 2)]
    assert not listener.held.was_read


def test_prediction_without_the_tensor(docs: List[Doc]) -> None:
    listener = listener_of()
    listener.task = "ner"
    # There is nothing to encode.
    assert [array.shape for array in listener.predict(docs[1:2])] == [(0, 3)]
    with pytest.raises(ValueError, match="'ner' needs the output of 'mtl' for the text 'old runs"):
        listener.predict(docs)


@pytest.mark.parametrize("shape", [(2, 4), (3, 3)])
def test_tensor_of_another_shape(docs: List[Doc], shape: Tuple[int, int]) -> None:
    listener = listener_of()
    docs[0].tensor = numpy.zeros(shape, dtype="float32")
    with pytest.raises(ValueError, match=r"has the shape .*but .*expects \(2, 3\) from 'mtl'"):
        listener.predict(docs[:1])


class Owner:
    """The joint component as a listener knows it."""

    name = "mtl"

    def __init__(self) -> None:
        self.listeners: List[Any] = []
        self.asked: List[Tuple[str, int]] = []

    def encode(self, task: str, docs: Sequence[Doc]) -> None:
        self.asked.append((task, len(docs)))
        for doc in docs:
            doc.tensor = numpy.ones((len(doc), 3), dtype="float32")


def test_training_without_a_step_asks_for_the_tensor(docs: List[Doc]) -> None:
    owner, listener = Owner(), listener_of()
    listener.connect("ner", owner.encode)
    view, backprop = listener(docs, is_train=True)
    assert owner.asked == [("ner", 3)]
    assert [array.tolist() for array in view] == [array.tolist() for array in filled(docs, 1)]
    # No gradient goes back to an encoder that is frozen.
    assert backprop(view) == []
    listener.predict(docs)
    assert owner.asked == [("ner", 3)]


def test_who_is_served() -> None:
    owner, listener = Owner(), listener_of()
    assert not listener.is_served
    listener.connect("ner", owner.encode)
    # It knows the owner, but the owner has to have it still, and the same name.
    assert not listener.is_served
    owner.listeners.append(listener)
    assert listener.is_served
    owner.name = "joint"
    assert not listener.is_served
    owner.name = "mtl"
    assert listener.is_served
    del owner
    assert not listener.is_served


def test_pickle_leaves_the_step_behind(docs: List[Doc]) -> None:
    owner, listener = Owner(), listener_of()
    listener.connect("ner", owner.encode)
    listener.open(docs, filled(docs, 1), lambda d_view: d_view)
    loaded = pickle.loads(pickle.dumps(listener))
    assert loaded.held is None
    assert (loaded.task, loaded.upstream_name, loaded.get_dim("nO")) == ("ner", "mtl", 3)
    # It goes on knowing that it was connected.
    assert loaded.is_served


def test_copies_encode_for_themselves(docs: List[Doc]) -> None:
    """Those of models, for rehearsal: they are asked without training, too."""
    owner, listener = Owner(), listener_of()
    listener.connect("ner", owner.encode)
    listener.open(docs, filled(docs, 5), never)
    copied = copy.deepcopy(listener)
    assert copied.held is None
    found = copied.predict(docs)
    assert owner.asked == [("ner", 3)]
    assert [array.tolist() for array in found] == [array.tolist() for array in filled(docs, 1)]
    assert listener.held is not None


def test_listener_without_mtl() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("mtl_ner", name="ner")
    with pytest.raises(
        ValueError, match=r"'ner' listens to 'mtl', but the pipeline has no component of that name"
    ):
        nlp.initialize(lambda: make_examples(nlp))


def test_head_before_mtl(encoder: Any) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("mtl_ner", name="ner")
    add_joint(nlp, encoder)
    with pytest.raises(ValueError, match="no component of that name.*before it.*before all heads"):
        nlp.initialize(lambda: make_examples(nlp))


@pytest.mark.parametrize("change", ["rename", "remove"])
def test_mtl_that_is_gone(make_nlp: Callable, encoder: Any, change: str) -> None:
    nlp = make_nlp(encoder=encoder)
    if change == "rename":
        nlp.rename_pipe("mtl", "shared")
        with pytest.raises(ValueError, match="'tagger' listens to 'mtl', but no component"):
            nlp.update(make_examples(nlp), sgd=False)
    else:
        nlp.remove_pipe("mtl")
    with pytest.raises(ValueError, match="listens to 'mtl'.* no component of that name"):
        nlp.initialize(lambda: make_examples(nlp))


def test_frozen_mtl_without_weights(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    nlp.add_pipe("mtl_ner", name="ner")
    with nlp.select_pipes(disable=["mtl"]), pytest.raises(ValueError, match="'mtl'.*initialized"):
        nlp.initialize(lambda: make_examples(nlp))


def test_wrong_width(encoder_dir: str) -> None:
    nlp = spacy.blank("en")
    add_joint(nlp, encoder_dir)
    listener = {"@architectures": "spacy_mtl.TaskListener.v1", "width": 99}
    model = {"@architectures": "spacy_mtl.TokenClassifier.v1", "tok2vec": listener}
    nlp.add_pipe("mtl_ner", name="ner", config={"model": model})
    with pytest.raises(ValueError, match="has width 99, but 'mtl' produces vectors of width 16"):
        nlp.initialize(lambda: make_examples(nlp))


def test_tokens_split_between_mtl_and_head(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    doc = nlp.get_pipe("mtl")(nlp.make_doc("Anna runs"))
    with doc.retokenize() as retokenizer:
        retokenizer.split(doc[0], ["An", "na"], heads=[doc[0], doc[0]])
    doc.tensor = doc.tensor[:2]
    with pytest.raises(ValueError, match="has split tokens or written doc.tensor"):
        nlp.get_pipe("ner")(doc)


def test_tokens_merged_in_training(make_nlp: Callable) -> None:
    nlp = make_nlp(["ner"], encoder=None)
    nlp.add_pipe("merge_entities", before="ner")
    examples = make_examples(nlp)
    for eg in examples:
        eg.predicted.ents = [Span(eg.predicted, e.start, e.end, e.label) for e in eg.reference.ents]
    with pytest.raises(ValueError, match="may merge or split tokens"):
        nlp.update(examples, sgd=False, annotates=["merge_entities"])


def test_prediction_without_mtl(make_nlp: Callable, encoder: Any) -> None:
    nlp = make_nlp(encoder=encoder)
    with pytest.raises(ValueError, match="'ner' needs the output of 'mtl'.*Anna"):
        nlp.get_pipe("ner")(nlp.make_doc("Anna runs"))
