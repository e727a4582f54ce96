"""Which encoder, and its learning rate."""

import json
from pathlib import Path
from typing import Any

import pytest

from spacy_mtl.recommend.encoder import choose_encoder
from spacy_mtl.recommend.wishes import Wishes


@pytest.mark.parametrize(
    ("settings", "rate", "says"),
    [
        ({"hidden_size": 384}, 2e-4, "an encoder of this size (384 wide)"),
        ({"dim": 768}, 5e-5, "(768 wide; measured were only smaller ones"),
        ({}, 5e-5, "(whose size isn't known here"),
    ],
)
def test_rate_goes_by_width(settings: Any, rate: float, says: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(settings))
    found = choose_encoder(Wishes(encoder=str(tmp_path)))
    assert found.block["name"] == str(tmp_path)
    assert found.rate == rate
    assert says in found.why_rate


def test_recommended_one() -> None:
    found = choose_encoder(Wishes())
    assert found.block["name"] == "roberta-base"
    assert "which spaCy recommends for 'en' texts (optimize: accuracy)" in found.why
    assert found.rate == 5e-5


@pytest.mark.parametrize(
    ("wishes", "is_pretrained"),
    [
        (Wishes(optimize="efficiency"), False),
        (Wishes(optimize="efficiency", gpu=True), True),
        (Wishes(optimize="efficiency", encoder="roberta-base"), True),
    ],
)
def test_efficiency(wishes: Wishes, is_pretrained: bool) -> None:
    assert choose_encoder(wishes).is_pretrained is is_pretrained


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_folders_without_an_encoder(text: Any, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(ValueError, match=r"--encoder .* has no encoder: its config.json"):
        choose_encoder(Wishes(encoder=str(tmp_path)))
