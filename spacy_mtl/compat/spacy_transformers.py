"""Private parts of spacy-transformers. It is not imported here: that takes seconds."""

from typing import Any, Dict, Optional, Tuple

from thinc.api import Model


def shim_of(model: Model) -> Any:
    """Find the shim of a TransformerModel.

    Reaches for its one layer and that layer's one shim: the model's own properties go the same
    way, and give only what is in it.

    model (TransformerModel): The model.
    RETURNS (HFShim): Its shim.
    """
    return model.layers[0].shims[0]


def replace_shim(model: Model, shim: Any) -> None:
    """Replace the shim of a TransformerModel: see `shim_of`.

    The model makes its own, of a class that can't be chosen.

    model (TransformerModel): The model.
    shim (HFShim): The shim.
    """
    model.layers[0].shims[0] = shim


def objects_of(shim: Any) -> Optional[Any]:
    """Look at the tokenizer and the network of a shim.

    Reaches for `HFShim._hfmodel`. `TransformerModel.tokenizer` gives the same of one model; here
    any model is asked, and ours of which the shim is a part.

    shim (Shim): Any shim.
    RETURNS (Optional[HFObjects]): Tokenizer, network and vocabulary, all None before it is
        initialised. None for other shims.
    """
    return getattr(shim, "_hfmodel", None)


def set_objects(shim: Any, objects: Any) -> None:
    """Set the tokenizer and the network of a shim.

    Reaches for `HFShim._hfmodel` and `Shim._model`: the network is in both.

    shim (HFShim): The shim.
    objects (HFObjects): Tokenizer, network and vocabulary.
    """
    shim._hfmodel = objects
    shim._model = objects.transformer


def settings_of(objects: Any) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Look at the settings that an encoder is to be loaded with.

    Reaches for `_init_tokenizer_config` and `_init_transformer_config`: the library keeps them
    there until the model is initialised.

    objects (HFObjects): See `objects_of`.
    RETURNS (Tuple[Dict, Dict]): Those of the tokenizer and of the network.
    """
    return objects._init_tokenizer_config, objects._init_transformer_config


class LoadsNoFolder:
    """A TransformerModel that is never loaded from a folder: a base class to name first.

    Overrides `TransformerModel._init_tokenizer_config`. `Transformer.from_disk` asks for it only
    where the file `model` is a folder or can't be opened. It then loads that folder as it loads a
    name from the hub, with the code that is in it.
    """

    def folder_refusal(self) -> Exception:
        """RETURNS (Exception): The error to raise."""
        raise NotImplementedError

    @property
    def _init_tokenizer_config(self) -> Dict[str, Any]:
        raise self.folder_refusal()
