"""`spacy mtl train --resume` after accidents: damage, another machine, a full disk."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
import spacy
import srsly
from interrupted_training import assert_resumes_as_uninterrupted

from spacy_mtl import checksums
from spacy_mtl.checksums import CHECKSUMS
from spacy_mtl.train.checkpoint import find_latest

Run = Callable[..., Any]


@pytest.mark.parametrize("part", ["meta.json", "state.msgpack", "pipeline/mtl/model"])
@pytest.mark.parametrize("how", ["gone", "cut"])
def test_damaged_checkpoint(run_after: Run, part: str, how: str) -> None:
    file = Path("out/checkpoint-7", part)
    content = file.read_bytes()
    file.unlink()
    if how == "cut":
        file.write_bytes(content[: len(content) // 2])
    shutil.copytree("out/checkpoint-7", "out/checkpoint-4.old")
    result = run_after("--resume")
    assert result.exit_code == 1
    text = " ".join(result.output.split())
    assert f"out/checkpoint-7/{part.split('/')[0]} cannot be read" in text
    assert "rename checkpoint-4.old to resume from there" in text
    assert Path("out/checkpoint-7").is_dir()


def set_machine(**changes: Any) -> None:
    path = Path("out/checkpoint-7/meta.json")
    meta: Dict[str, Any] = srsly.read_json(path)
    meta["machine"].update(changes)
    srsly.write_json(path, meta)


def test_another_machine(run_after: Run) -> None:
    """It is rejected because results may differ, unless --differ allows that."""
    set_machine(threads=96, torch="1.0")
    result = run_after("--resume")
    assert result.exit_code == 1
    assert "instead of 96" in result.output
    assert "instead of 1.0" in result.output
    assert "--differ" in result.output
    result = run_after("--resume", "--differ")
    assert result.exit_code == 0, result.output
    assert "may differ" in result.output


@pytest.mark.parametrize("part", ["state.msgpack", "pipeline/mtl/model", CHECKSUMS])
def test_differ_does_not_allow_damage(run_after: Run, part: str) -> None:
    """Even --differ doesn't resume from a damaged checkpoint."""
    path = Path("out/checkpoint-7", part)
    data = bytearray(path.read_bytes())
    data[0 if part == CHECKSUMS else len(data) // 2] ^= 1
    path.write_bytes(data)
    for more in ([], ["--differ"]):
        result = run_after("--resume", *more, "--training.max_steps=9")
        assert result.exit_code == 1
        text = " ".join(result.output.split())
        assert f"out/checkpoint-7/{part.split('/')[0]} cannot be read" in text
        assert "remove its folder to start over" in text


def test_files_are_hashed_once(run_after: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: List[str] = []
    checksum = checksums._checksum

    def counted(path: Path) -> str:
        hashed.append(path.as_posix())
        return checksum(path)

    monkeypatch.setattr(checksums, "_checksum", counted)
    assert run_after("--resume", "--training.max_steps=9").exit_code == 0
    assert hashed.count("out/checkpoint-7/state.msgpack") == 1


def test_failed_training_keeps_its_checkpoint(
    run_train: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example when a step runs out of memory."""
    update = spacy.language.Language.update
    n_updates = 0

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal n_updates
        n_updates += 1
        if n_updates == 4:
            raise MemoryError
        return update(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(spacy.language.Language, "update", failing)
        assert isinstance(run_train().exception, MemoryError)
    latest = find_latest(Path("out"))
    assert latest is not None
    assert latest.step == 3
    assert_resumes_as_uninterrupted(run_train)


@pytest.mark.parametrize("folder", ["checkpoint-3.new", "model-last.new", "model-best.new"])
def test_full_disk(run_train: Run, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """Complete folders stay so, nothing half-written is left, and the training can resume."""
    fsync = os.fsync

    def full(number: int) -> None:
        if f"/{folder}/" in os.readlink(f"/proc/self/fd/{number}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        result = run_train("--every", "1")
    assert result.exit_code == 1
    text = " ".join(result.output.split())
    assert f"out/{folder.removesuffix('.new')} cannot be written: [Errno 28] No space left" in text
    assert "--resume" in text
    assert not list(Path("out").glob("*.new"))
    assert find_latest(Path("out")) is not None
    assert_resumes_as_uninterrupted(run_train)
