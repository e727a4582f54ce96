"""The shim of our architectures: saves and loads the encoder, and is safe to use from threads."""

import warnings
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, List, Optional, cast

import srsly
import torch
from spacy.util import SimpleFrozenDict
from spacy_transformers.data_classes import HFObjects
from spacy_transformers.layers.hf_shim import HFShim
from thinc.api import get_torch_default_device
from transformers import AutoConfig, AutoTokenizer

from ..compat.spacy_transformers import objects_of, set_objects, settings_of
from ..compat.thinc import network_of
from ..compat.transformers import has_own_code
from ..loading import is_out_of_memory
from .loading import settle, vocabulary_of
from .mode import EvaluatingShim
from .quantized_linear import LinearRange
from .saved import SavedEncoderError, problems_of_message, problems_of_shim, unpack_shim
from .saved_parts import build_network, save_tokenizer, set_weights
from .saved_ranges import RANGES, load_ranges, save_ranges
from .saved_settings import without_code

__all__ = ["EncoderShim", "SavedEncoderError", "problems_of_shim"]


class EncoderShim(EvaluatingShim, HFShim):
    """Tokenizer and network of an encoder.

    Its bytes have the library's format, so both can read them. But their content is treated as
    data: no code is run from them, and no other file is read or written.
    """

    #: The name of the component, for errors, if known.
    owner: Optional[str] = None
    #: The layers that are in int8 with precision = "int8". None if they were never calibrated.
    ranges: Optional[Dict[str, LinearRange]] = None

    @property
    def _objects(self) -> HFObjects:
        return cast(HFObjects, objects_of(self))

    def take(self, loaded: HFObjects) -> None:
        """Use an encoder that was loaded from a folder or the model hub.

        loaded (HFObjects): Tokenizer and network.
        """
        found = self._objects
        self.ranges = None
        found.tokenizer, found.transformer = loaded.tokenizer, loaded.transformer
        found.vocab_file_contents = loaded.vocab_file_contents
        set_objects(self, found)
        if has_own_code(loaded.tokenizer) or has_own_code(loaded.transformer):
            warnings.warn(
                f"The encoder '{loaded.transformer.config.name_or_path}' has its own code "
                "(trust_remote_code). It can be trained, but the saved pipeline can't be loaded, "
                "because it must not run code: use an encoder whose classes are in transformers."
            )

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): Tokenizer, network and its config.

        Settings that name code are left out if both classes are the library's own; paths are
        always left out.
        """
        found = self._objects
        message: Dict[str, Any] = {
            "config": {},
            "state": {},
            "tokenizer": {},
            "_init_tokenizer_config": {},
            "_init_transformer_config": {},
        }
        if found.transformer is None:
            of_tokenizer, of_network = settings_of(found)
            message["_init_tokenizer_config"] = without_code(of_tokenizer)
            message["_init_transformer_config"] = without_code(of_network)
        else:
            config = found.transformer.config.to_dict()
            message["config"] = config if has_own_code(found.transformer) else without_code(config)
            message["tokenizer"] = save_tokenizer(found.tokenizer, found.vocab_file_contents)
            weights = BytesIO()
            torch.save(cast(Any, network_of(self)).state_dict(), weights)
            message["state"] = weights.getvalue()
            # In any other precision, the weights may change.
            if self.ranges is not None and self.precision == "int8":
                message[RANGES] = save_ranges(self.ranges)
        return srsly.msgpack_dumps(message)

    def from_bytes(self, bytes_data: bytes) -> "EncoderShim":
        """Load tokenizer and network.

        bytes_data (bytes): The output of this class's or the library's `to_bytes`.
        RETURNS (EncoderShim): This shim.
        RAISES (SavedEncoderError): If they are damaged, or would do more than load.
        """
        try:
            message = unpack_shim(bytes_data)
            problems = list(problems_of_message(message))
        except SavedEncoderError as err:
            raise self.refusal([str(err)]) from err
        if problems:
            raise self.refusal(problems)
        if not message["config"]:
            # Keep the config's settings: those in the bytes would be used at initialization.
            set_objects(self, HFObjects(None, None, None, *settings_of(self._objects)))
            return self
        try:
            self._load(message)
        # The library may raise anything if it can't build the encoder.
        except Exception as err:
            if is_out_of_memory(err):
                raise
            raise self.refusal([f"{type(err).__name__}: {err}"]) from err
        return self

    def _load(self, message: Dict[str, Any]) -> None:
        device = get_torch_default_device()
        with TemporaryDirectory() as folder:
            path = Path(folder)
            srsly.write_json(path / "config.json", message["config"])
            config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
            settings = dict(message["tokenizer"]).pop("kwargs", {})
            for name, content in message["tokenizer"].items():
                if name != "kwargs":
                    (path / name).write_bytes(content)
            tokenizer = AutoTokenizer.from_pretrained(
                folder, **settings, trust_remote_code=False, local_files_only=True
            )
            vocabulary = vocabulary_of(tokenizer)
        config.return_dict = True
        network = build_network(config)
        set_weights(network, message["state"], device)
        saved = message.get(RANGES)
        self.ranges = None if saved is None else load_ranges(saved, network)
        settle(tokenizer)
        empty = SimpleFrozenDict()
        set_objects(self, HFObjects(tokenizer, network, vocabulary, empty, empty))

    def refusal(self, problems: List[str]) -> SavedEncoderError:
        """Explain why a saved encoder can't be loaded, and how to fix it.

        problems (List[str]): The problems.
        RETURNS (SavedEncoderError): The error to raise.
        """
        where = f"of the component '{self.owner}'" if self.owner else "of a component"
        return SavedEncoderError(
            f"The saved encoder, in the file 'model' {where}, can't be loaded: "
            f"{'; '.join(problems)[:2000]}. Copy the pipeline again from where it was saved, or "
            "train it again. If its encoder or tokenizer has its own code (trust_remote_code), it "
            "can't be loaded from a pipeline: train with classes that are in transformers."
        )
