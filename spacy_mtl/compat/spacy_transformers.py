"""Private parts of spacy-transformers, which isn't imported here because that takes seconds."""

from typing import Any, Dict, Optional, Tuple

from thinc.api import Model


def shim_of(model: Model) -> Any:
    """Get the shim of a TransformerModel.

    Uses its only layer and that layer's only shim: the model's own properties do the same, but
    only return the shim's content.

    model (TransformerModel): The model.
    RETURNS (HFShim): Its shim.
    """
    return model.layers[0].shims[0]


def replace_shim(model: Model, shim: Any) -> None:
    """Replace the shim of a TransformerModel: see `shim_of`.

    The model creates its own, and its class can't be chosen.

    model (TransformerModel): The model.
    shim (HFShim): The shim.
    """
    model.layers[0].shims[0] = shim


def objects_of(shim: Any) -> Optional[Any]:
    """Get the tokenizer and the network of a shim.

    Uses `HFShim._hfmodel`. `TransformerModel.tokenizer` only works for one kind of model; this
    works for any model, including ours.

    shim (Shim): Any shim.
    RETURNS (Optional[HFObjects]): Tokenizer, network and vocabulary, all None before
        initialization. None for other shims.
    """
    return getattr(shim, "_hfmodel", None)


def set_objects(shim: Any, objects: Any) -> None:
    """Set the tokenizer and the network of a shim.

    Uses `HFShim._hfmodel` and `Shim._model`: the network is in both.

    shim (HFShim): The shim.
    objects (HFObjects): Tokenizer, network and vocabulary.
    """
    shim._hfmodel = objects
    shim._model = objects.transformer


def settings_of(objects: Any) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Get the settings to load an encoder with.

    Uses `_init_tokenizer_config` and `_init_transformer_config`: the library keeps them there
    until the model is initialized.

    objects (HFObjects): See `objects_of`.
    RETURNS (Tuple[Dict, Dict]): The tokenizer's and the network's settings.
    """
    return objects._init_tokenizer_config, objects._init_transformer_config


class LoadsNoFolder:
    """A mixin for a TransformerModel that is never loaded from a folder. List it first.

    Overrides `TransformerModel._init_tokenizer_config`. `Transformer.from_disk` only reads it if
    the file `model` is a folder or can't be opened, to load that folder like a name from the hub,
    including its code.
    """

    def folder_refusal(self) -> Exception:
        """RETURNS (Exception): The error to raise."""
        raise NotImplementedError

    @property
    def _init_tokenizer_config(self) -> Dict[str, Any]:
        raise self.folder_refusal()
