"""The block [weighting] of a config."""

from typing import Callable

import pytest
import spacy
from confection import ConfigValidationError
from methods import NAMES, ONLY_AT_PARAMETERS, block, make


@pytest.mark.parametrize("name", NAMES)
def test_unknown_setting(name: str) -> None:
    with pytest.raises(ConfigValidationError, match="wieghts"):
        make(name, wieghts={})


def test_config_survives(make_nlp: Callable) -> None:
    """From config to string and back, with defaults filled in by spaCy."""
    for name in sorted(set(NAMES) - {"DBMTL", *ONLY_AT_PARAMETERS}):
        nlp = make_nlp(("tagger", "ner"), encoder=None, weighting=block(name), initialize=False)
        text = nlp.config.to_str()
        again = spacy.util.load_model_from_config(nlp.config.from_str(text), auto_fill=True)
        assert again.get_pipe("mtl").weighting.__class__.__name__ == name
        assert again.config["components"]["mtl"]["gradients"] is None
        assert again.get_pipe("mtl").gradients == "representation"
