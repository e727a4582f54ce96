"""An encoder with a layer that does not survive int8."""

import shutil
from pathlib import Path

import torch
from transformers import AutoModel

#: The layer: int8 rounds all of its weights to 0, but those of one input.
FRAGILE = "encoder.layer.1.output.dense"


def save_fragile_bert(encoder_dir: str, path: Path) -> str:
    """Save a BERT where one constant input of a layer has huge weights.

    They add the same number to all outputs, which the layer normalization takes away again.
    """
    shutil.copytree(encoder_dir, path)
    network = AutoModel.from_pretrained(path)
    before = network.encoder.layer[1].intermediate.dense
    layer = network.get_submodule(FRAGILE)
    with torch.no_grad():
        before.weight[3], before.bias[3] = 0.0, 3.0
        before.weight.mul_(20)
        layer.weight.normal_()
        layer.weight[:, 3] = 3000.0
    network.save_pretrained(path)
    return str(path)
