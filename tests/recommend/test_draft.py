"""A config with comments: it stays a config."""

import pytest
from spacy.util import load_config_from_str
from thinc.api import ConfigValidationError
from tiny_pipelines import CNN

from spacy_mtl.recommend.draft import Draft


def make() -> Draft:
    draft = Draft("A title.\nOf two lines.")
    draft.set("nlp", {"lang": "en", "pipeline": ["mtl", "ner"]})
    model = {"@architectures": "spacy_mtl.HardSharing.v1", "tok2vec": CNN}
    draft.set("components.mtl", {"factory": "mtl", "model": model}, "The joint component.")
    draft.set("components.ner", {"factory": "mtl_ner"})
    draft.set("training.max_steps", 7, "Seven: " + "because of this and that, " * 10)
    return draft


def test_comments_are_above_what_they_are_about() -> None:
    text = make().to_str()
    assert text.startswith("# A title.\n# Of two lines.\n\n")
    assert "# The joint component.\n[components.mtl]\n" in text
    lines = text.splitlines()
    at = lines.index("max_steps = 7")
    assert lines[at - 1].startswith("# ")
    assert any(line.startswith("# Seven: because") for line in lines[at - 4 : at])
    assert max(map(len, lines[at - 4 : at])) <= 98


def test_it_is_read_back_without_loss() -> None:
    draft = make()
    assert load_config_from_str(draft.to_str(), interpolate=False) == draft.filled()


def test_it_is_complete() -> None:
    """Filling it again changes nothing."""
    draft = make()
    again = Draft("")
    again.config = load_config_from_str(draft.to_str(), interpolate=False)
    assert again.filled().to_str() == draft.filled().to_str()
    assert draft.filled()["training"]["dropout"] == 0.1


def test_mistakes_are_found() -> None:
    draft = make()
    draft.set("components.ner.no_such_setting", 1)
    with pytest.raises(ConfigValidationError, match="no_such_setting"):
        draft.filled()
