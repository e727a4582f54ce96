"""The model of `mtl` around a trunk and the layer that makes views: the same for all schemes."""

from typing import Any, Callable, List, Optional, Sequence, Tuple

from spacy.tokens import Doc
from thinc.api import Model

from ..types import Encoder, Features, Sharing, TokenVectors
from .contract import as_features, scheme_of


def make_scheme(name: str, tok2vec: Encoder, sharing: Sharing) -> Model[List[Doc], TokenVectors]:
    """Build the model of a scheme. It maps documents to the shared representation.

    name (str): The name of the model.
    tok2vec (Model[List[Doc], Union[List[Floats2d], Features]]): The shared encoder. If it makes
        features, their `vectors` are the shared representation.
    sharing (Sharing): The layer that makes views. Initialized with its input's width, "nI", set.
    RETURNS (Model[List[Doc], List[Floats2d]]): The model, with both as refs.
    """
    scheme_of(sharing).connect(tok2vec)
    return Model(
        name,
        _forward,
        init=_init,
        layers=[tok2vec, sharing],
        dims={"nO": tok2vec.maybe_get_dim("nO")},
        refs={"tok2vec": tok2vec, "sharing": sharing},
    )


def regular(model: Model, docs: Sequence[Doc], vectors: TokenVectors) -> TokenVectors:
    """Give documents without tokens an empty array of the right width.

    model (Model): The model of the scheme.
    docs (Sequence[Doc]): The documents.
    vectors (List[Floats2d]): The encoder's output. Shape of each: (n_tokens, width).
    RETURNS (List[Floats2d]): The vectors, with those of empty documents replaced.
    """
    width = model.get_dim("nO")
    return [
        vector if len(doc) else model.ops.alloc2f(0, width) for doc, vector in zip(docs, vectors)
    ]


def features_of(model: Model, docs: Sequence[Doc], found: Any) -> Features:
    """Make the features of a batch from what the trunk found.

    model (Model): The model of the scheme.
    docs (Sequence[Doc]): The documents.
    found (Union[Features, List[Floats2d]]): The trunk's output. Plain vectors are made `regular`;
        a trunk that makes `Features` handles empty documents itself.
    RETURNS (Features): The features.
    """
    return as_features(regular(model, docs, found) if isinstance(found, list) else found)


def _forward(
    model: Model[List[Doc], TokenVectors], docs: List[Doc], is_train: bool
) -> Tuple[TokenVectors, Callable[[TokenVectors], List[Doc]]]:
    found, backprop = model.get_ref("tok2vec")(docs, is_train)
    if not isinstance(found, Features):
        return found, backprop
    if found.vectors is None:
        raise ValueError(
            f"The shared representation of the model '{model.name}' is only for prediction: its "
            'views are trained. Call its refs "tok2vec" and "sharing".'
        )
    return found.vectors, backprop


def _init(
    model: Model[List[Doc], TokenVectors],
    X: Optional[List[Doc]] = None,
    Y: Optional[TokenVectors] = None,
) -> None:
    tok2vec, sharing = model.get_ref("tok2vec"), model.get_ref("sharing")
    tok2vec.initialize(X=X)
    if not model.has_dim("nO"):
        width = _width(tok2vec, X)
        if width is not None:
            model.set_dim("nO", width)
    if "nI" in sharing.dim_names and model.has_dim("nO"):
        sharing.set_dim("nI", model.get_dim("nO"))
        sharing.initialize()


def _width(tok2vec: Any, X: Optional[List[Doc]]) -> Optional[int]:
    if tok2vec.has_dim("nO"):
        return int(tok2vec.get_dim("nO"))
    if X is not None and any(len(doc) for doc in X):
        # A chain that ends in trfs2arrays doesn't know its width, so predict once to find out.
        widths = [y.shape[1] for doc, y in zip(X, tok2vec.predict(X)) if len(doc)]
        return int(widths[0])
    return None
