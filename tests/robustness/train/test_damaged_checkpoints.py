"""Damage to any file of a checkpoint is noticed."""

import json
from pathlib import Path

import pytest
import srsly
from resumed import is_refused, resume
from written_folders import TRUNCATIONS, files_of, flip

from spacy_mtl.files import (
    CHECKSUMS,
    damaged_files,
)
from spacy_mtl.train.checkpoint import CheckpointError, find_latest

FLIPS = {
    f"bit {bit} at {share}": flip(share, bit) for share in (0.0, 0.35, 0.7, 1.0) for bit in (0, 6)
}


def test_every_file_of_a_checkpoint(output: Path) -> None:
    """If it is truncated, flipped, emptied or gone, it is rejected with the name of the file."""
    found = find_latest(output)
    assert found is not None
    silent = []
    for path in files_of(found.path):
        data = path.read_bytes()
        for name, change in {**TRUNCATIONS, **FLIPS}.items():
            if change(data) == data:
                continue
            path.write_bytes(change(data))
            if not is_refused(output):
                silent.append((path.name, name))
        path.unlink()
        # Without checksums it may be from an older version.
        if path.name != CHECKSUMS and not is_refused(output):
            silent.append((path.name, "gone"))
        path.write_bytes(data)
    assert not silent
    resume(output)


def test_every_key_of_the_checksums(output: Path) -> None:
    """A bit flip in a path or a checksum is rejected with our own error."""
    found = find_latest(output)
    assert found is not None
    path = found.path / CHECKSUMS
    data = path.read_text()
    for name, checksum in json.loads(data).items():
        for text in (name, checksum):
            for bit in (0, 3, 5):
                changed = chr(ord(text[0]) ^ (1 << bit)) + text[1:]
                path.write_text(data.replace(json.dumps(text), json.dumps(changed)))
                if text == checksum and name == "meta.json" and changed[0] in "0123456789abcdef":
                    # The meta may be at fault instead.
                    assert found.check()
                    continue
                with pytest.raises(CheckpointError, match="remove its folder to start over"):
                    found.check()


def test_every_file_of_a_checkpoint_without_checksums(output: Path) -> None:
    """Truncated and missing files are noticed anyway."""
    found = find_latest(output)
    assert found is not None
    (found.path / CHECKSUMS).unlink()
    silent = []
    for path in files_of(found.path):
        data = path.read_bytes()
        for name, change in TRUNCATIONS.items():
            if change(data) != data:
                path.write_bytes(change(data))
                if not is_refused(output):
                    silent.append((path.name, name))
        path.unlink()
        if not is_refused(output):
            silent.append((path.name, "gone"))
        path.write_bytes(data)
    assert not silent
    resume(output)


def test_every_file_of_a_pipeline(output: Path) -> None:
    """Everything a training writes has valid checksums."""
    folders = [
        "model-best",
        "model-last",
        *(f"model-best-{t}" for t in ("tagger", "ner", "textcat")),
    ]
    for name in folders:
        assert (output / name / CHECKSUMS).is_file()
        assert not damaged_files(output / name)
        known = srsly.read_json(output / name / CHECKSUMS)
        found = {path.relative_to(output / name).as_posix() for path in files_of(output / name)}
        assert set(known) == found - {CHECKSUMS}
    for path in files_of(output / "model-best"):
        data = path.read_bytes()
        path.write_bytes(flip(0.5, 3)(data))
        assert damaged_files(output / "model-best"), path
        path.write_bytes(data)
    assert not damaged_files(output / "model-best")
