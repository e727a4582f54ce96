"""Errors for encoders that cannot be loaded, naming the component and the setting at fault."""

from functools import partial
from typing import Any, Optional, Sequence

from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model

from ..compat.thinc import forward_of, network_of, replace_forward
from ..encoder.loading import EncoderError, explain_failure


def explain_missing_encoder(nlp: Language) -> None:
    """Make `transformer` components name the setting to fix if loading fails.

    The library's own message names neither the component nor the key. This only affects
    initializing an encoder by name: trained pipelines come with their weights.

    nlp (Language): The pipeline so far.
    """
    for name, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        if isinstance(model, Model) and model.name == "transformer" and "name" in model.attrs:
            if not isinstance(model.init, _ExplainedInit):
                model.init = _ExplainedInit(name, model.init)
                replace_forward(model, partial(_run_initialized, name, forward_of(model)))
                for node in model.walk():
                    for shim in node.shims:
                        if hasattr(shim, "owner"):
                            shim.owner = name


class _ExplainedInit:
    """Initialize a transformer model, with an error that says how to fix it."""

    def __init__(self, component: str, init: Any) -> None:
        self.component = component
        self.init = init

    def __call__(self, model: Model, X: Optional[Any] = None, Y: Optional[Any] = None) -> Any:
        try:
            return self.init(model, X=X, Y=Y)
        except EncoderError as err:
            raise EncoderError(f"The component '{self.component}': {err}") from err
        # Damaged weights can raise any error of the library that reads them.
        except Exception as err:
            where = f"[components.{self.component}.model]"
            raise ValueError(explain_failure(model.attrs["name"], where, err)) from err


def _run_initialized(
    component: str, forward: Any, model: Model, docs: Sequence[Doc], is_train: bool
) -> Any:
    if any(network_of(shim) is None for node in model.walk() for shim in node.shims):
        raise ValueError(
            f"The encoder of the component '{component}' has no weights yet: call "
            "nlp.initialize(), or load a trained pipeline."
        )
    return forward(model, docs, is_train)
