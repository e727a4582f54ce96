"""Whether OpenVINO is here."""

import pytest

from spacy_mtl.encoder.openvino import is_installed

NEEDS_OPENVINO = [
    pytest.mark.openvino,
    pytest.mark.skipif(not is_installed(), reason="needs spacy-mtl[openvino]"),
]
