"""Choose the encoder and its learning rate."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional

from ..compat.spacy_cli import recommended_transformer
from .wishes import Wishes

#: The rate that was tuned for MiniLM (384 wide), and the usual one of larger encoders.
SMALL_RATE, RATE = 2e-4, 5e-5
#: The width up to which an encoder is small.
_SMALL = 384
#: The names of a width in the settings of transformers.
_WIDTHS = ("hidden_size", "dim", "d_model", "n_embd")
_CNN_RATE = 2e-3


@dataclass(frozen=True)
class EncoderChoice:
    """The encoder of a config.

    block (Dict[str, Any]): Its block.
    why (str): Why this one, and how it is set.
    rate (float): The highest learning rate.
    why_rate (str): Why this rate.
    is_pretrained (bool): Whether it is a pretrained transformer.
    """

    block: Dict[str, Any]
    why: str
    rate: float
    why_rate: str
    is_pretrained: bool = True


def choose_encoder(wishes: Wishes) -> EncoderChoice:
    """Choose the encoder.

    wishes (Wishes): The wishes.
    RETURNS (EncoderChoice): The encoder.
    RAISES (ValueError): If --encoder is a folder without an encoder.
    """
    if wishes.encoder is None and wishes.optimize == "efficiency" and not wishes.gpu:
        return _cnn()
    name = wishes.encoder or recommended_transformer(wishes.lang, wishes.optimize)
    block = {
        "@architectures": "spacy_mtl.TransformerEncoder.v1",
        "name": name,
        "precision": "auto",
    }
    whose = (
        "as given"
        if wishes.encoder
        else f"which spaCy recommends for '{wishes.lang}' texts (optimize: {wishes.optimize})"
    )
    why = (
        f"The encoder: {name}, {whose}. It is a folder, or a name on the model hub. It stands "
        'inside of "mtl", where it is fastest (docs/encoder.md). precision = "auto" computes in '
        "bfloat16 where the processor or GPU has it natively: measured scores were the same within "
        "the spread of seeds."
    )
    width = _width(name)
    if width is not None and width <= _SMALL:
        why_rate = f"found by measuring with an encoder of this size ({width} wide)"
        return EncoderChoice(block, why, SMALL_RATE, why_rate)
    size = f"{width} wide" if width is not None else "whose size isn't known here"
    why_rate = f"usual for encoders like this ({size}; measured were only smaller ones, at 2e-4)"
    return EncoderChoice(block, why, RATE, why_rate)


def _cnn() -> EncoderChoice:
    block = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 96,
        "depth": 4,
        "embed_size": 2000,
        "window_size": 1,
        "maxout_pieces": 3,
        "subword_features": True,
    }
    why = (
        "The encoder: spaCy's small network, for efficiency on a CPU. It needs no download and is "
        "fast, but knows nothing but the training texts: expect lower scores than with a "
        "pretrained encoder, which --encoder names."
    )
    return EncoderChoice(block, why, _CNN_RATE, "that of configs/cnn.cfg", is_pretrained=False)


def _width(name: str) -> Optional[int]:
    """RETURNS (Optional[int]): The width of an encoder in a folder; None if it is on the hub."""
    folder = Path(name)
    if not folder.is_dir():
        return None
    path = folder / "config.json"
    try:
        settings: Any = dict(json.loads(path.read_text(encoding="utf8")).items())
    except (OSError, ValueError, AttributeError) as err:
        raise ValueError(
            f"The folder --encoder {name} has no encoder: its config.json cannot be read ({err}). "
            "Specify a folder with a saved transformer, or a name on the model hub."
        ) from err
    return next((settings[key] for key in _WIDTHS if isinstance(settings.get(key), int)), None)
