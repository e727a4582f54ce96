"""Truncated files and flipped bits."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from saved_heads import OURS, error_of, same


def test_truncated(pipeline: Path) -> None:
    """Each of our files, at several lengths: always rejected by name."""
    nlp = spacy.load(pipeline)
    for name in OURS:
        pipe: Any = nlp.get_pipe(Path(name).parent.name)
        file = pipeline / name
        whole = file.read_bytes()
        n = len(whole)
        for length in sorted({0, 1, 2, 7, n // 4, n // 2, 3 * n // 4, n - 8, n - 2, n - 1}):
            if not 0 <= length < n or whole[:length].strip() == whole.strip():
                continue
            file.write_bytes(whole[:length])
            with pytest.raises((ValueError, OSError)) as caught:
                pipe.from_disk(file.parent, exclude=["vocab"])
            assert str(file) in str(caught.value), (name, length)
        file.write_bytes(whole)
        pipe.from_disk(file.parent, exclude=["vocab"])


def test_flipped_bit(pipeline: Path) -> None:
    """Each of our files, at several positions: rejected by name, or still a working pipeline."""
    nlp = spacy.load(pipeline)
    for name in OURS:
        pipe: Any = nlp.get_pipe(Path(name).parent.name)
        file = pipeline / name
        whole = file.read_bytes()
        n = len(whole)
        for place in sorted({0, 1, 2, 5, 11, 30, 60, n // 4, n // 3, n // 2, 3 * n // 4, n - 1}):
            for bit in (0, 3, 7):
                if not 0 <= place < n:
                    continue
                flipped = bytearray(whole)
                flipped[place] ^= 1 << bit
                file.write_bytes(flipped)
                error = error_of(lambda: pipe.from_disk(file.parent, exclude=["vocab"]))  # noqa: B023
                assert not error or str(file.parent) in error, (name, place, bit)
        file.write_bytes(whole)


def test_spacys_own_files(copy: Path) -> None:
    """For the tokenizer, the vocabulary and the config spaCy may raise any error."""
    files = [f for f in copy.rglob("*") if f.is_file()]
    others = [f for f in files if str(f.relative_to(copy)) not in OURS]
    assert len(others) + len(OURS) == len(files)
    for file in others:
        whole = file.read_bytes()
        for length in {0, len(whole) // 2} - {len(whole)}:
            file.write_bytes(whole[:length])
            # Any error is fine.
            error_of(lambda: spacy.load(copy), (Exception,))
        file.write_bytes(whole)
    assert same(spacy.load(copy))
