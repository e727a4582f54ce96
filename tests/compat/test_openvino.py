"""A canary: OpenVINO can do without its telemetry."""

import subprocess
import sys
from importlib.util import find_spec

from openvino_here import NEEDS_OPENVINO

pytestmark = NEEDS_OPENVINO

CODE = """
import sys, torch
from spacy_mtl.compat.openvino import import_openvino
openvino = import_openvino()
openvino.convert_model(torch.nn.Linear(2, 3), example_input=torch.zeros(1, 2))
assert import_openvino() is openvino
assert "openvino" in sys.modules
print(sorted(name for name in sys.modules if name.startswith("openvino_telemetry")))
"""


def test_no_telemetry() -> None:
    assert find_spec("openvino_telemetry") is not None
    found = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert found.stdout.strip().splitlines()[-1] == "[]"
