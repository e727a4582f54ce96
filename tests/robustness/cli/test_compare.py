"""`compare` and `affinity` refuse what they can't compare, before any training."""

from pathlib import Path

import pytest
from cases import Case, Refused, check, name_of
from command_cases import run
from thinc.api import Config

from spacy_mtl.comparison import comparison

BOTH = [
    Case("one task", ['--nlp.pipeline=["mtl","ner"]'], Refused("only the task 'ner'", "mtl, ner")),
    Case("no task", ['--nlp.pipeline=["mtl"]'], Refused("no task", "[nlp.pipeline]")),
    Case(
        "a frozen task",
        ['--training.frozen_components=["ner"]'],
        Refused("'ner' is one of the 'frozen_components'", "Train it"),
    ),
    Case("no joint component", "sourced.cfg --nlp.pipeline=[]", Refused("no component of factory")),
    Case("no config", "nowhere.cfg", Refused("nowhere.cfg", "does not exist")),
    Case("unknown setting", "--training.stepps=3", Refused("no such setting", "max_steps")),
    Case(
        "no path", "--corpora.train.path=null", Refused("[corpora.train] is not set: its path is")
    ),
    Case(
        "another file as a corpus",
        "--corpora.train.path=code.py",
        Refused("[corpora.train] is not a .spacy file: code.py", "spacy mtl convert"),
    ),
    Case("no end", "--training.max_steps=0", Refused("'max_steps' in [training] is 0", "no end")),
    Case("no steps", "--training.max_steps=-1", Refused("Fix [training]", "'max_steps' is -1")),
]
COMPARE = [
    Case("no output", "", Refused("Missing option", "--output")),
    Case("a file as output", "-o a-file", Refused("--output 'a-file' is a file", "folder")),
    Case("other files there", "-o .", Refused("has other files", "new folder")),
    Case("one seed", "-o out --n-seeds 1", Refused("--n-seeds")),
    Case("one named seed", "-o out --seeds 4", Refused("--seeds '4'", "at least two", "chance")),
    Case("a seed twice", "-o out --seeds 1,1", Refused("--seeds '1,1'", "different")),
    Case("seeds of text", "-o out --seeds a,b", Refused("'a,b' are not whole numbers", "0,1,2")),
    Case("a typo", "-o out --groups tagger,nerr", Refused("names 'nerr'", "Did you mean 'ner'?")),
    Case("a task twice", "-o out --groups ner,ner", Refused("'ner' twice")),
    Case("an unknown model", "-o out --model worst", Refused("'worst' is unknown", "last, best")),
    Case("no test file", "-o out --test x.spacy", Refused("no file 'x.spacy' for --test")),
    Case("text to test", "-o out --test a-file", Refused("'a-file'", "spacy mtl convert")),
    Case("no bytes to test", "-o out --test zero.spacy", Refused("--test is damaged", "0 bytes")),
    Case("no texts to test", "-o out --test empty.spacy", Refused("--test is empty", "documents")),
    Case("a model with a typo", "-o out --model bets", Refused("Did you mean 'best'?")),
    Case("an option with a typo", "-o out --seed 1", Refused("'--seed'. Did you mean '--seeds'?")),
    Case("with and pairs", "-o out --with multi.cfg --pairs", Refused("--with", "Leave out")),
    Case("no other config", "-o out --with x.cfg", Refused("x.cfg", "does not exist")),
    Case("no jobs", "-o out --jobs 0", Refused("--jobs")),
]
AFFINITY = [
    Case("one step", "--steps 1", Refused("--steps")),
    Case("no measurement", "--every 0", Refused("--every")),
    Case("no groups", "--n-groups 0", Refused("--n-groups")),
    Case("not JSON", "-o found.txt", Refused("does not end in .json")),
    Case("no folder", "-o nowhere/found.json", Refused("no folder 'nowhere'", "Create it")),
    Case("missing corpus", "--corpora.train.path=x.spacy", Refused("x.spacy", "missing")),
]


@pytest.fixture(autouse=True)
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is trained here."""

    def interrupt(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(comparison, "train_all", interrupt)


@pytest.mark.parametrize("command", ["compare", "affinity"])
@pytest.mark.parametrize("case", BOTH, ids=name_of)
def test_both(command: str, case: Case, here: Path) -> None:
    more = ["--output", "out"] if command == "compare" else []
    given = case.given.split() if isinstance(case.given, str) else case.given
    check(case, lambda _: run(command, [*given, *more]))
    assert not Path("out").exists()


@pytest.mark.parametrize("case", COMPARE, ids=name_of)
def test_compare(case: Case, here: Path) -> None:
    check(case, lambda given: run("compare", given))
    assert not Path("out").exists()


@pytest.mark.parametrize("case", AFFINITY, ids=name_of)
def test_affinity(case: Case, here: Path) -> None:
    check(case, lambda given: run("affinity", given))


def test_files_are_not_overwritten(here: Path) -> None:
    Path("found.json").write_text("mine")
    with pytest.raises(ValueError, match="'found.json' already exists.*--force"):
        run("affinity", "-o found.json")
    assert Path("found.json").read_text() == "mine"
    Path("out/configs").mkdir(parents=True)
    with pytest.raises(ValueError, match="There is a comparison in 'out'.*--resume"):
        run("compare", "-o out")


def test_other_tasks(here: Path) -> None:
    config = Config().from_disk("config.cfg")
    config["nlp"]["pipeline"] = ["mtl", "ner", "textcat"]
    config.to_disk("two.cfg")
    with pytest.raises(ValueError, match="The tasks of two.cfg are ner, textcat, but"):
        run("compare", "-o out --with two.cfg")


def test_another_config_in_the_folder(here: Path) -> None:
    with pytest.raises(ValueError, match="0 of 12 trainings are done. --resume continues in out"):
        run("compare", "-o out")
    assert len(list(Path("out/configs").glob("*.cfg"))) == 12
    with pytest.raises(ValueError, match="differs from what the options ask"):
        run("compare", "-o out --resume --training.max_steps 3")
    with pytest.raises(ValueError, match="0 of 20 trainings are done"):
        run("compare", "-o out --resume --n-seeds 5")
