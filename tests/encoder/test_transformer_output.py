"""The encoder's output in the library's types."""

from typing import Any, Callable, List

import numpy
import pytest
import spacy
from thinc.api import Model
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions as Output

from spacy_mtl.encoder.transformer_model import create_transformer_model
from spacy_mtl.encoder.transformer_output import empty_batch, pool_without_tokens


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("architecture", ["spacy_mtl.TransformerModel.v1", None])
def test_extra_annotations_get_the_class_of_the_encoder(
    precision: str, architecture: Any, encoder_dir: str
) -> None:
    given: List[Any] = []

    @spacy.registry.annotation_setters("test_transformer_output.keep.v1")
    def keep() -> Callable:
        return lambda docs, batch: given.append(batch.model_output)

    setter = {"@annotation_setters": "test_transformer_output.keep.v1"}
    model = {"name": encoder_dir}
    if architecture is not None:
        model.update({"@architectures": architecture, "precision": precision})
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": model, "set_extra_annotations": setter})
    nlp.initialize()
    list(nlp.pipe(["anna books a room", "b"]))
    for output in given:
        assert type(output) is Output
        assert output.attentions is None
        assert output.hidden_states is None
        assert output.past_key_values is None
        assert output.pooler_output is not None
        assert list(output) == ["last_hidden_state", "pooler_output"]
        assert output.to_tuple()[0] is output.last_hidden_state
    assert given


def test_documents_without_a_token(encoder_dir: str) -> None:
    model = create_transformer_model(encoder_dir)
    docs = [spacy.blank("en").make_doc("") for _ in range(3)]
    model.initialize(X=[spacy.blank("en").make_doc("a")])
    for is_train in (False, True):
        batch, backprop = model(docs, is_train)
        assert len(batch.doc_data) == 3
        assert all(len(data.align.lengths) == 0 for data in batch.doc_data)
        assert backprop(batch) == docs
    assert len(model.predict([]).doc_data) == 0


def test_pooling_of_nothing() -> None:
    def fail(model: Any, batch: Any, is_train: bool) -> Any:
        raise IndexError

    layer: Model = pool_without_tokens(Model("pool", fail))
    batch = empty_batch(2, 5).doc_data
    arrays, backprop = layer(batch, True)
    assert [array.shape for array in arrays] == [(0, 5)] * 2
    assert backprop(arrays) == batch
    batch[0].align.lengths = numpy.ones(1, dtype="int32")
    with pytest.raises(IndexError):
        layer.predict(batch)
