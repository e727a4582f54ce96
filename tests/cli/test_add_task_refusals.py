"""What `spacy mtl add-task` refuses, and how to mend it."""

from pathlib import Path
from typing import Any, List

import pytest
from grown_pipelines import CONFIG, add_task, said, trained, write_texts
from inside_pipelines import ADAPTERS
from tiny_pipelines import HEADS

#: Without a prefix, a head has all categories.
PLAIN = CONFIG.replace('prefix = "genre:"', "")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pipelines and corpora. Don't write to it."""
    folder = tmp_path_factory.mktemp("saved")
    write_texts(folder)
    trained().to_disk(folder / "cnn")
    trained(ADAPTERS, ["tagger"]).to_disk(folder / "adapted")
    trained(tasks=["textcat"]).to_disk(folder / "other")
    plain: Any = trained()
    for name in ("mtl", *HEADS):
        plain.remove_pipe(name)
    plain.to_disk(folder / "plain")
    return folder


@pytest.fixture(autouse=True)
def here(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in saved.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ("cnn", "Choose one of three ways to add the task (chosen: none) --freeze trains the new"),
        ("cnn --freeze --adapter", "(chosen: --freeze and --adapter)"),
        ("cnn --adapter", "has the encoder spacy.HashEmbedCNN.v2. Use --freeze, which also leaves"),
        ("cnn --freeze --rank 4", "--rank is a setting of --adapter Leave out --rank."),
        ("adapted --adapter --rank 4", "--rank is 4, but the adapters of the pipeline have 8"),
        ("plain --freeze", "no component of factory 'mtl', whose encoder a new head could share"),
        ("cnn --rehearse nowhere.spacy", "The corpus --rehearse 'nowhere.spacy' does not exist"),
        ("cnn --rehearse genre.cfg", "--rehearse 'genre.cfg' is no .spacy file, and no folder"),
        ("cnn --rehearse full", "--rehearse 'full' is no .spacy file, and no folder of them"),
        ("cnn --freeze --test genre.cfg", "--test 'genre.cfg' is not a .spacy file"),
        ("cnn --freeze --training cnn", "is, is inside, or contains the pipeline"),
        ("cnn --freeze --training full", "'full' is not empty, and has no checkpoint"),
        ("cnn --freeze --resume", "There is no checkpoint in 'out.training' to resume from"),
        ("cnn --freeze --force -o cnn", "the pipeline 'cnn' itself It is needed to compare"),
        (
            "cnn --freeze --training.max_stepz 4",
            "'max_stepz' in [training] of the config: there",
        ),
        ("cnn --freeze --nlp.batch_size 4", "--nlp.batch_size: add-task takes [nlp] from the"),
        ("cnn --freeze --training.max_steps -4", "'max_steps' is -4, but must be 0 or more"),
        ("cnn --freeze --corpora.dev.path x.spacy", "there is no file or folder x.spacy"),
        ("nowhere --freeze", "neither a folder nor an installed package 'nowhere'"),
    ],
)
def test_options(args: str, says: str) -> None:
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine")
    pipeline, *others = args.split()
    refused([pipeline, "genre.cfg", "-o", "out", *others], says)
    assert Path("full/notes.txt").exists()


HEAD = '[components.genre]\nfactory = "mtl_textcat"\nprefix = "genre:"\n'
TAUGHT = '[components.genre.teacher]\npath = "other"\nweight = 1.0\ncomponent = "textcat"\n'


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (CONFIG.replace("components.genre", "components.ner"), "call it 'ner_2', say"),
        (CONFIG.replace(HEAD, ""), "The config has no new head"),
        (CONFIG.replace('factory = "mtl_textcat"', 'source = "cnn"'), "has a 'source', but"),
        (CONFIG.replace('factory = "mtl_textcat"', ""), "has no 'factory', so it isn't known"),
        ('[nlp]\npipeline = ["x"]\n' + CONFIG, "there is no block [components.x]"),
        (CONFIG + TAUGHT, "must have the same labels, but the teacher has no"),
        (PLAIN.replace("mtl_textcat", "mtl_tagger"), "for the new head 'genre' (token.tag), so"),
        (PLAIN, "Checked"),
        (PLAIN.replace("mtl_textcat", "textcat"), "doesn't listen to 'mtl', so it would share"),
        (
            CONFIG.split("[corpora.dev]")[0],
            "'dev_corpus' in [training] is 'corpora.dev', but there",
        ),
        (CONFIG.replace("new.spacy", "old.spacy"), "has no annotation for the new head 'genre'"),
        ("[components", "The config file is mine.cfg."),
        (
            CONFIG + '[training]\nfrozen_components = ["ner"]\n',
            "'frozen_components' in [training] of the config is ['ner'], but --freeze",
        ),
    ],
)
def test_configs(config: str, says: str) -> None:
    Path("mine.cfg").write_text(config, encoding="utf8")
    args = ["cnn", "mine.cfg", "-o", "out", "--freeze", "--training.max_steps", "1"]
    if says == "Checked":
        # Labels of its own are enough: no prefix is needed.
        assert says in said(add_task(*args))
        return
    refused(args, says)


def test_a_tag_that_is_set_already() -> None:
    text = PLAIN.replace("mtl_textcat", "mtl_tagger")
    Path("mine.cfg").write_text(text.replace("new.spacy", "old.spacy"), encoding="utf8")
    args = ["cnn", "mine.cfg", "-o", "out", "--freeze", "--training.max_steps", "1"]
    refused(args, "The heads 'genre' and 'tagger' both set 'token.tag'")


def refused(args: List[str], says: str) -> None:
    result = add_task(*args)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert says in said(result)
    assert not Path("out").exists()
    assert not Path("out.training").exists()
