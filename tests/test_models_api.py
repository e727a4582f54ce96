"""Every model that a config can name: config block, prediction, gradient and bytes."""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List

import numpy
import pytest
import spacy
import srsly
from scheme_pipelines import ONE_EACH
from schemes import INSIDE
from setup_entry_points import entry_points_of_setup
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Adam, ConfigValidationError, Model, PyTorchShim, set_dropout_rate
from tiny_corpus import make_docs, make_examples, strip
from tiny_pipelines import CNN, add_joint

from spacy_mtl.registry import registry

MEAN = {"@layers": "reduce_mean.v1"}
#: Placeholder for the folder of a tiny encoder in the block of a row.
FOLDER = "FOLDER"


def by_token(output: Any) -> List[Any]:
    return list(output)


def by_doc(output: Any) -> List[Any]:
    return [row.reshape((1, -1)) for row in output]


def by_wordpiece(output: Any) -> List[Any]:
    """One row of a full batch per token of a document: its first wordpiece."""
    found = []
    for data in output.doc_data:
        if not data.model_output:
            # A document without tokens.
            found.append(numpy.zeros((0, 0)))
            continue
        starts = numpy.cumsum(data.align.lengths) - data.align.lengths
        hidden = data.model_output.last_hidden_state
        found.append(hidden.reshape((-1, hidden.shape[-1]))[data.align.data.ravel()[starts]])
    return found


def like_array(output: Any) -> Any:
    """A gradient for an array. Not ones, for which normalizing layers return zero."""
    return numpy.arange(output.size, dtype="float32").reshape(output.shape) % 7


def like_arrays(output: Any) -> Any:
    return [like_array(each) for each in output]


def like_full_batch(output: Any) -> Any:
    filled = [data.tensors for data in output.doc_data if data.model_output]
    return output.unsplit_by_doc([like_arrays(tensors) for tensors in filled])


@dataclass(frozen=True)
class Row:
    """The input and output of a registered model.

    name (str): As "spacy_mtl.NAME.v1" is registered.
    settings (Dict[str, Any]): The rest of its block.
    width (int): Columns of what it gives.
    rows (Callable): One array a document, from the output.
    gradient (Callable): A gradient of the output.
    """

    name: str
    width: int = 16
    settings: Dict[str, Any] = field(default_factory=dict)
    rows: Callable[[Any], List[Any]] = by_token
    gradient: Callable[[Any], Any] = like_arrays

    @property
    def block(self) -> Dict[str, Any]:
        return {"@architectures": f"spacy_mtl.{self.name}.v1", **self.settings}


TOKENS: Dict[str, Any] = {"tok2vec": CNN, "nO": 3}
SCHEME = {"@architectures": "spacy_mtl.TaskAttention.v1", "tok2vec": CNN}
ROWS = [
    Row("TransformerEncoder", settings={"name": FOLDER}),
    Row("TransformerEncoder", settings={"name": FOLDER, "packing": False, "kept_pieces": 0}),
    Row(
        "TransformerModel",
        settings={"name": FOLDER},
        rows=by_wordpiece,
        gradient=like_full_batch,
    ),
    Row("Tok2VecTransformer", settings={"name": FOLDER, "pooling": MEAN}),
    Row("HardSharing", settings={"tok2vec": CNN}),
    Row("TaskView", settings={"scheme": SCHEME, "tasks": ["tagger", "ner"], "task": "ner"}),
    *(Row(row.name, settings={"tok2vec": CNN, **row.settings}) for row in ONE_EACH),
    Row("TaskListener", settings={"upstream": "mtl"}),
    Row("TokenClassifier", 3, settings=TOKENS),
    Row("TokenClassifier", 3, settings={**TOKENS, "hidden_width": 4, "learn_transitions": True}),
    Row("TextClassifier", 3, settings=TOKENS, rows=by_doc, gradient=like_array),
    Row(
        "TextClassifier",
        3,
        settings={**TOKENS, "hidden_width": 4, "pooling": {"@layers": "reduce_max.v1"}},
        rows=by_doc,
        gradient=like_array,
    ),
]


def name_of_row(row: Row) -> str:
    more = [key for key in row.settings if key not in ("name", "tok2vec", "nO", "upstream")]
    return ", ".join([row.name, *more])


class Standalone:
    """A model by itself, with documents as input."""

    def __init__(self, row: Row, folder: str) -> None:
        block = {k: folder if v == FOLDER else v for k, v in row.block.items()}
        self.block = block
        self.vocab = spacy.blank("en").vocab
        self.model: Model = registry.resolve({"model": block})["model"]

    def initialize(self) -> None:
        self.model.initialize(X=self.docs())

    def docs(self) -> List[Doc]:
        nlp = Language(self.vocab)
        # Includes a document without tokens.
        return [*(strip(doc, "") for doc in make_docs(nlp)), Doc(self.vocab)]

    def begin_update(self) -> Any:
        return self.model(self.docs(), True)

    def predict(self) -> Any:
        return self.model.predict(self.docs())

    def learners(self) -> Model:
        return self.model

    def again(self, row: Row, folder: str) -> "Standalone":
        """A new model from the same block, loaded from bytes."""
        other = Standalone(row, folder)
        other.model.from_bytes(self.model.to_bytes())
        return other


class InPipeline(Standalone):
    """The listener of a stock head, which exchanges view and gradient with `mtl`."""

    def __init__(self, row: Row, folder: str) -> None:
        self.block = row.block
        self.nlp = spacy.blank("en")
        self.vocab = self.nlp.vocab
        add_joint(self.nlp, None)
        stock = {"@architectures": "spacy.Tagger.v2", "tok2vec": row.block}
        self.nlp.add_pipe("tagger", config={"model": stock})
        head: Any = self.nlp.get_pipe("tagger")
        self.model = head.model.get_ref("tok2vec")

    @property
    def mtl(self) -> Any:
        return self.nlp.get_pipe("mtl")

    def initialize(self) -> None:
        self.nlp.initialize(lambda: make_examples(self.nlp))

    def begin_update(self) -> Any:
        examples = make_examples(self.nlp)
        self.mtl.update(examples)
        return self.model([eg.predicted for eg in examples], True)

    def predict(self) -> Any:
        return self.model.predict([self.mtl(doc) for doc in self.docs()])

    def learners(self) -> Model:
        learners: Model = self.mtl.model
        return learners

    def again(self, row: Row, folder: str) -> "InPipeline":
        other = InPipeline(row, folder)
        other.nlp.from_bytes(self.nlp.to_bytes())
        return other


class OneView(Standalone):
    """The view of a task, of a scheme whose shared representation is only for prediction."""

    def __init__(self, row: Row, folder: str) -> None:
        tok2vec = {"@architectures": "spacy_mtl.TransformerEncoder.v1", "name": folder}
        self.block = {**row.block, "tok2vec": tok2vec}
        self.vocab = spacy.blank("en").vocab
        view = {"@architectures": "spacy_mtl.TaskView.v1", "scheme": self.block}
        view = {**view, "tasks": ["tagger", "ner"], "task": "ner"}
        self.model = registry.resolve({"model": view})["model"]

    def again(self, row: Row, folder: str) -> "OneView":
        other = OneView(row, folder)
        other.model.from_bytes(self.model.to_bytes())
        return other


def made_of(row: Row, folder: str) -> Standalone:
    kinds = {"TaskListener": InPipeline, **{each.name: OneView for each in INSIDE}}
    return kinds.get(row.name, Standalone)(row, folder)


def gradients(model: Model) -> List[numpy.ndarray]:
    found = []
    for node in model.walk():
        found += [node.get_grad(key) for key in node.grad_names if node.has_grad(key)]
        for shim in node.shims:
            assert isinstance(shim, PyTorchShim)
            found += [p.grad.numpy() for p in shim._model.parameters() if p.grad is not None]
    return found


def test_every_registered_model_has_a_row() -> None:
    lines = entry_points_of_setup()["spacy_architectures"]
    registered = {line.split(" = ")[0] for line in lines}
    assert registered == {row.block["@architectures"] for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=name_of_row)
def test_block_is_filled(row: Row, encoder_dir: str) -> None:
    """The filled block is JSON-serializable, and unknown keys are refused."""
    block = made_of(row, encoder_dir).block
    filled = registry.fill({"model": block})
    assert srsly.is_json_serializable(filled)
    assert set(block) <= set(filled["model"])
    assert registry.fill(filled) == filled
    with pytest.raises(ConfigValidationError, match="widht"):
        registry.resolve({"model": {**block, "widht": 3}})


@pytest.mark.parametrize("row", ROWS, ids=name_of_row)
def test_model(row: Row, encoder_dir: str) -> None:
    made = made_of(row, encoder_dir)
    made.initialize()
    set_dropout_rate(made.model, 0.1)
    assert made.model.maybe_get_dim("nO") in (row.width, None)

    # Forward: one row per token, or one per document.
    output, backprop = made.begin_update()
    found = row.rows(output)
    assert len(found) >= 4
    for doc, rows in zip(made.docs(), found):
        assert len(rows) == (1 if row.rows is by_doc else len(doc))
        assert not len(rows) or rows.shape[1] == row.width
        assert numpy.isfinite(rows).all()

    # Backward: it learns.
    assert not any(each.any() for each in gradients(made.learners()))
    backprop(row.gradient(output))
    learnt = gradients(made.learners())
    assert any(each.any() for each in learnt)
    assert all(numpy.isfinite(each).all() for each in learnt)
    untrained = row.rows(made.predict())
    made.learners().finish_update(Adam(0.01))
    trained = row.rows(made.predict())
    assert not numpy.array_equal(numpy.concatenate(untrained[:4]), numpy.concatenate(trained[:4]))

    # Prediction: without dropout, and the same from bytes.
    assert len(trained) == len(made.docs())
    for other in (made, made.again(row, encoder_dir)):
        for rows, same in zip(trained, row.rows(other.predict())):
            numpy.testing.assert_array_equal(rows, same)
