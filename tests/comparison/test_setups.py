"""What a comparison trains."""

from pathlib import Path

import pytest

from spacy_mtl.comparison.setups import Run, Setup, read_groups, runs_of, setups_of

TASKS = ["tagger", "ner", "textcat"]


def names(**settings: object) -> list:
    return [setup.name for setup in setups_of(TASKS, **settings)]  # type: ignore[arg-type]


def test_alone_and_together() -> None:
    assert names() == ["tagger", "ner", "textcat", "joint"]
    assert [setup.is_alone for setup in setups_of(TASKS)] == [True, True, True, False]


def test_pairs_and_groups_come_once() -> None:
    more = ["tagger+ner", "tagger+textcat", "ner+textcat"]
    assert names(pairs=True) == [*names(), *more]
    groups = [["ner", "tagger"], ["textcat"], ["textcat", "ner", "tagger"]]
    assert names(groups=groups) == [*names(), "tagger+ner"]
    assert names(pairs=True, groups=groups) == [*names(), *more]


def test_runs_come_seed_by_seed() -> None:
    runs = list(runs_of(setups_of(TASKS[:2]), [3, 5], Path("out")))
    assert [run.name for run in runs[:3]] == ["tagger.3", "ner.3", "joint.3"]
    assert [run.seed for run in runs] == [3] * 3 + [5] * 3
    assert runs[0].config == Path("out/configs/tagger.3.cfg")
    assert runs[0].output == Path("out/runs/tagger.3")


def test_names_of_files() -> None:
    assert Run(Setup("a/b c+d", ("a/b c", "d")), 0, Path()).name == "a_b_c+d.0"


def test_read_groups() -> None:
    assert read_groups("tagger, ner;textcat", TASKS) == [["tagger", "ner"], ["textcat"]]
    with pytest.raises(ValueError, match="names 'nre', but .* Did you mean 'ner'"):
        read_groups("tagger,nre", TASKS)
    with pytest.raises(ValueError, match="'ner' twice in the group"):
        read_groups("ner,ner", TASKS)


@pytest.mark.parametrize("name", ["joint", "with"])
def test_tasks_with_names_of_setups(name: str) -> None:
    with pytest.raises(ValueError, match=f"task '{name}' is called like .* Rename it"):
        setups_of(["tagger", name])
