"""Valid and invalid input files for the commands: configs, corpora and code."""

from pathlib import Path

import pytest
import spacy
from code_of_users import CODE
from short_training import config_of, set_corpora
from spacy.tokens import Doc, DocBin
from tiny_corpus import make_docs

import spacy_mtl.cli  # noqa: F401 (adds the commands)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files used in the cases."""
    folder = tmp_path_factory.mktemp("files")
    docs = make_docs(spacy.blank("en"))
    DocBin(docs=docs, store_user_data=True).to_disk(folder / "corpus.spacy")
    DocBin().to_disk(folder / "empty.spacy")
    DocBin(docs=[Doc(docs[0].vocab)]).to_disk(folder / "wordless.spacy")
    content = (folder / "corpus.spacy").read_bytes()
    (folder / "zero.spacy").write_bytes(b"")
    (folder / "cut.spacy").write_bytes(content[: len(content) // 2])
    (folder / "text.spacy").write_text("A corpus?")
    (folder / "folder").mkdir()
    (folder / "code.py").write_text(CODE)
    (folder / "syntax.py").write_text("def f(:\n")
    (folder / "raises.py").write_text("x = 1\nx.y\n")
    config = config_of("corpus.spacy", max_steps=2, eval_frequency=1)
    config.to_disk(folder / "config.cfg")
    text = (folder / "config.cfg").read_text()
    for mixed in (False, True):
        config = config_of("corpus.spacy", max_steps=2, eval_frequency=1)
        schedule = {"@mtl_schedules": "spacy_mtl.Uniform.v1"}
        set_corpora(config, "corpus.spacy", schedule, mixed=mixed)
        config.to_disk(folder / ("mixed.cfg" if mixed else "multi.cfg"))
    config["training"]["batcher"] = config["training"]["batcher"]["batcher"]
    config.to_disk(folder / "unwrapped.cfg")
    source = spacy.blank("en")
    source.add_pipe("sentencizer")
    source.to_disk(folder / "source")
    config = config_of("corpus.spacy", max_steps=2, eval_frequency=1)
    config["components"]["sentences"] = {"source": "x", "component": "sentencizer"}
    config["nlp"]["pipeline"] = ["sentences", *config["nlp"]["pipeline"]]
    config["training"]["score_weights"] = {"tag_acc": 1.0}
    config.to_disk(folder / "sourced.cfg")
    (folder / "no-header.cfg").write_text("[training\nx = 1\n")
    (folder / "binary.cfg").write_bytes(b"\xff\xfe\x00[nlp]")
    (folder / "empty.cfg").write_text("")
    (folder / "no-training.cfg").write_text('[nlp]\nlang = "en"\npipeline = []\n')
    (folder / "twice.cfg").write_text(text + '\n[nlp]\nlang = "de"\n')
    (folder / "a-file").write_text("")
    return folder


@pytest.fixture
def here(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in files.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    # Otherwise messages are wrapped.
    monkeypatch.setenv("WASABI_LOG_FRIENDLY", "1")
    return tmp_path
