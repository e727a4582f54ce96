"""Splitting inputs into a training and a development part."""

from pathlib import Path
from typing import List

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_mtl.corpus.convert import ConversionError, convert
from spacy_mtl.corpus.convert.parts import split

SOURCE = Path("reviews.csv")


@pytest.mark.parametrize(
    ("n", "share", "dev"),
    [(10, 0.2, [2, 7]), (10, 0.1, [4]), (3, 0.5, [0, 2]), (4, 0.75, [0, 1, 3]), (5, 0.4, [1, 3])],
)
def test_split(n: int, share: float, dev: List[int]) -> None:
    """Evenly spaced, so that inputs that are sorted by label have all labels in both parts."""
    parts = split(range(n), share, SOURCE)
    assert parts["dev"] == dev
    assert sorted(parts["train"] + parts["dev"]) == list(range(n))


def test_not_split() -> None:
    assert split(range(3), None, SOURCE) == {"": [0, 1, 2]}


@pytest.mark.parametrize(("n", "share", "part"), [(1, 0.5, "train"), (3, 0.1, "dev")])
def test_an_empty_part(n: int, share: float, part: str) -> None:
    with pytest.raises(ConversionError, match=f"the {part} part would be empty.*another share"):
        split(range(n), share, SOURCE)


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    rows = [f"text {i},{'good' if i < 10 else 'bad'}" for i in range(20)]
    path.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf8")
    return path


def texts_of(path: Path) -> List[str]:
    return [doc.text for doc in DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)]


def test_convert(reviews: Path, tmp_path: Path) -> None:
    found = convert(reviews, tmp_path / "corpus", dev_share=0.2)
    train, dev = (tmp_path / f"corpus/{part}/reviews.spacy" for part in ("train", "dev"))
    assert [summary.target for summary in found.files] == [train, dev]
    assert [summary.docs for summary in found.files] == [16, 4]
    assert texts_of(dev) == ["text 2", "text 7", "text 12", "text 17"]
    assert len(texts_of(train)) == 16
    assert found.files[1].cats == {"good": 2, "bad": 2}
    assert found.files[0].taken
    assert not found.files[1].taken


def test_convert_to_a_file(reviews: Path, tmp_path: Path) -> None:
    convert(reviews, tmp_path / "all.spacy", dev_share=0.5)
    assert not (tmp_path / "all.spacy").exists()
    for part in ("train", "dev"):
        assert (tmp_path / part / "all.spacy").is_file()


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_bad_share(share: float, reviews: Path, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="between 0 and 1, such as 0.1"):
        convert(reviews, tmp_path / "corpus", dev_share=share)
    assert not (tmp_path / "corpus").exists()


def test_both_files_are_protected(reviews: Path, tmp_path: Path) -> None:
    convert(reviews, tmp_path / "corpus", dev_share=0.2)
    with pytest.raises(ConversionError, match="train/reviews.spacy.*--force"):
        convert(reviews, tmp_path / "corpus", dev_share=0.5, overwrite=False)
    convert(reviews, tmp_path / "corpus", dev_share=0.5)
    assert len(texts_of(tmp_path / "corpus/dev/reviews.spacy")) == 10
