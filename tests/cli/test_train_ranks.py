"""`spacy mtl train --ranks`: one log, one result, one message for one fault."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, List

import pytest
import spacy
from short_training import assert_same, config_of, write_corpus
from spacy.tokens import DocBin
from started_commands import result_of, start
from tiny_corpus import make_docs

from spacy_mtl.train.checkpoint import find_checkpoints

pytestmark = pytest.mark.slow


def start_training(folder: Path, *more: str, ignores: bool = False) -> "subprocess.Popen[str]":
    return start(folder, "-m", "spacy", "mtl", "train", "config.cfg", *more, ignores=ignores)


def run(folder: Path, *more: str) -> Any:
    return result_of(start_training(folder, *more))


def prepared(folder: Path) -> Path:
    write_corpus(folder / "corpus.spacy")
    config = config_of("corpus.spacy", max_steps=40, eval_frequency=10)
    config.to_disk(folder / "config.cfg")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return prepared(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The pipeline of a training on two ranks that nothing interrupts."""
    folder = prepared(tmp_path_factory.mktemp("whole"))
    status, output = run(folder, "--output", "out", "--ranks", "2")
    assert status == 0, output
    assert output.count("Saved pipeline") == 1
    assert "Ranks: 2" in output
    # Nobody leaves while another rank still listens to it.
    assert "timed out" not in output
    return spacy.load(folder / "out/model-last")


def ranks_of(process: "subprocess.Popen[str]") -> List[int]:
    """The processes that another one has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == process.pid:
            found.append(int(path.parent.name))
    return sorted(found)


def start_and_wait(folder: Path, output: str, ignores: bool = False) -> "subprocess.Popen[str]":
    """Start a training on two ranks, and wait until it has a few checkpoints."""
    words = ["--output", output, "--ranks", "2", "--every", "1"]
    process = start_training(folder, *words, ignores=ignores)
    while not any(each.step > 5 for each in find_checkpoints(folder / output)):
        assert process.poll() is None
        time.sleep(0.01)
    return process


def end_of(process: "subprocess.Popen[str]") -> str:
    """What it has printed until it ends, within a minute."""
    since = time.monotonic()
    output, _ = process.communicate(timeout=60)
    assert time.monotonic() - since < 60
    assert "Traceback" not in output
    return output


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_killed_rank_ends_the_others_and_resumes_exactly(folder: Path, whole: Any) -> None:
    process = start_and_wait(folder, "parts")
    os.kill(ranks_of(process)[1], signal.SIGKILL)
    output = end_of(process)
    assert process.returncode == 1
    assert output.count("was ended by SIGKILL") == 1
    status, output = run(folder, "--output", "parts", "--ranks", "2", "--resume")
    assert status == 0, output
    assert_same(whole, spacy.load(folder / "parts/model-last"))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_all_ranks_killed(folder: Path, whole: Any) -> None:
    process = start_and_wait(folder, "out")
    for rank in ranks_of(process):
        os.kill(rank, signal.SIGKILL)
    output = end_of(process)
    assert process.returncode == 1
    assert output.count("was ended by SIGKILL") == 1
    status, output = run(folder, "--output", "out", "--ranks", "2", "--resume")
    assert status == 0, output
    assert_same(whole, spacy.load(folder / "out/model-last"))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_killed_launcher_ends_the_ranks(folder: Path, whole: Any) -> None:
    process = start_and_wait(folder, "out")
    process.kill()
    # That is once all that write to its output have ended.
    output = end_of(process)
    assert "--resume continues from" in output
    status, output = run(folder, "--output", "out", "--ranks", "2", "--resume")
    assert status == 0, output
    assert_same(whole, spacy.load(folder / "out/model-last"))


#: Kills the one that writes a checkpoint, or all, with all of it written but its name.
KILLED = """
import os, signal
from spacy_mtl import files

write_in_place = files.write_in_place

def half(write, path):
    def write_and_die(new):
        write(new)
        if path.name == "checkpoint-21":
            KILL

    write_in_place(write_and_die, path)

files.write_in_place = half
"""
KILLS = {
    "the writer": "os.kill(os.getpid(), signal.SIGKILL)",
    "all": "os.killpg(0, signal.SIGKILL)",
}


@pytest.mark.parametrize("who", list(KILLS))
def test_killed_while_a_checkpoint_is_written(folder: Path, who: str, whole: Any) -> None:
    (folder / "killed.py").write_text(KILLED.replace("KILL", KILLS[who]))
    status, output = run(folder, "--output", "parts", "--ranks", "2", "--code", "killed.py")
    assert status == {"the writer": 1, "all": -signal.SIGKILL}[who], output
    assert "Traceback" not in output
    assert [each.step for each in find_checkpoints(folder / "parts")] == [11]
    status, output = run(folder, "--output", "parts", "--ranks", "2", "--resume")
    assert status == 0, output
    assert_same(whole, spacy.load(folder / "parts/model-last"))
    names = sorted(path.name for path in (folder / "parts").iterdir())
    assert names == ["checkpoint-41", "model-best", "model-last"]


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM", "SIGTERM in the background"])
def test_interrupted(folder: Path, how: str) -> None:
    """Ctrl-C reaches all processes of a terminal, SIGTERM only the one that has started them."""
    process = start_and_wait(folder, "out", ignores=how.endswith("background"))
    ranks = ranks_of(process)
    if how == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.terminate()
    output = end_of(process)
    assert process.returncode == 130, output
    assert output.count("Interrupted") == 1, output
    assert output.count("--resume continues from") == 1
    assert not any(Path(f"/proc/{rank}").exists() for rank in ranks)
    status, output = run(folder, "--output", "out", "--ranks", "2", "--resume")
    assert status == 0, output


def test_another_number_of_ranks_goes_on(folder: Path) -> None:
    status, output = run(folder, "--output", "out", "--training.max_steps", "10", "--ranks", "2")
    assert status == 0, output
    status, output = run(folder, "--output", "out", "--resume", "--training.max_steps", "20")
    assert status == 0, output
    assert "ran on 2 ranks before, and goes on with 1" in output
    words = ["--output", "out", "--resume", "--training.max_steps", "30", "--ranks", "2"]
    status, output = run(folder, *words)
    assert status == 0, output
    assert "ran on 1 rank before, and goes on with 2" in output


def test_more_ranks_than_texts(folder: Path) -> None:
    docs = make_docs(spacy.blank("en"))[:2]
    DocBin(docs=docs, store_user_data=True).to_disk(folder / "corpus.spacy")
    status, output = run(folder, "--output", "out", "--ranks", "3")
    assert status == 1
    assert output.count("There are 3 ranks, but the training corpus has 2 texts") == 1, output
    assert "Traceback" not in output


def test_faults_are_told_once(folder: Path) -> None:
    for words, text in (
        (["--training.max_steps", "-1"], "'max_steps' is -1"),
        (["--nlp.batch_size", "few"], "Config validation error"),
        (["--send-as", "int8"], "--send-as is 'int8'"),
        (["--training.seed", "null"], "'seed' in [training] is null"),
    ):
        status, output = run(folder, "--output", "out", "--ranks", "2", *words)
        assert status == 1, output
        assert output.count(text) == 1, output
        assert "Traceback" not in output
