"""Whole configs: they are complete, initialize with all labels, and take a step."""

from pathlib import Path
from typing import Any, Dict, List

import pytest
from methods import NAMES
from setup_entry_points import entry_points_of_setup
from small_corpora import write_corpus
from spacy.cli._util import app
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.util import load_config_from_str
from typer.testing import CliRunner

from spacy_mtl.recommend.catalog import short_name
from spacy_mtl.recommend.methods import WEIGHTINGS
from spacy_mtl.recommend.recommend import Recommendation, recommend
from spacy_mtl.recommend.wishes import Wishes
from spacy_mtl.train.training import Training

Config = Dict[str, Any]
#: The weightings that don't work without settings.
SET = {short_name(name) for name in WEIGHTINGS}
SCHEDULES = [line.split(" = ")[0] for line in entry_points_of_setup()["spacy_mtl_schedules"]]
SCHEMES = [
    line.split(" = ")[0]
    for line in entry_points_of_setup()["spacy_architectures"]
    if "spacy_mtl.sharing." in line and "TaskView" not in line
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_corpus(Path("all.spacy"), tags="NN", ents="PER", cats="ab")
    # The last label is beyond the first hundred texts.
    many = [f"c{i}" for i in range(110)]
    write_corpus(Path("topics.spacy"), cats=many, n_texts=110)
    write_corpus(Path("news.spacy"), tags="VB")
    return tmp_path


def made(encoder: str, *corpora: str, **wishes: Any) -> Recommendation:
    paths = [Path(f"{name}.spacy") for name in corpora]
    return recommend(Wishes(train=paths, dev=paths, encoder=encoder, **wishes))


def config_of(found: Recommendation) -> Config:
    return load_config_from_str(found.draft.to_str(), interpolate=False)


def steps(found: Recommendation, n: int) -> Language:
    """Initialize the config as it is, and take some steps."""
    config = config_of(found)
    config["training"]["max_steps"] = n
    nlp = init_nlp(config)
    taken = [info for info, _ in Training(nlp).steps()]
    assert len(taken) > n
    return nlp


def test_one_corpus(folder: Path, encoder_dir: str) -> None:
    found = made(encoder_dir, "all")
    config = config_of(found)
    assert (config["paths"]["train"], config["paths"]["dev"]) == ("all.spacy", "all.spacy")
    assert config["corpora"]["train"]["@readers"] == "spacy.Corpus.v1"
    assert config["components"]["ner"]["model"]["hidden_width"] == 1024
    assert config["components"]["ner"]["model"]["learn_transitions"] is True
    assert config["training"]["optimizer"]["learn_rate"]["initial_rate"] == 2e-4
    text = found.draft.to_str()
    assert "# 8 texts of 4 words: 6 steps of 300 tokens are 6 passes." in text
    nlp = steps(found, 2)
    assert nlp.get_pipe("textcat").labels == ("a", "b")


def test_several_corpora(folder: Path, encoder_dir: str) -> None:
    """Labels of all texts are known, not only of the first hundred."""
    found = made(encoder_dir, "news", "topics", "all", tasks=["tagger", "topics", "ner"])
    config = config_of(found)
    blocks = config["corpora"]["train"]["corpora"]
    assert {name: block["tasks"] for name, block in blocks.items()} == {
        "topics": ["topics"],
        "all": ["tagger", "ner"],
        "news": ["tagger"],
    }
    assert config["training"]["batcher"]["@batchers"] == "spacy_mtl.CorpusBatcher.v1"
    nlp = steps(found, 2)
    assert len(nlp.get_pipe("topics").labels) == 110
    assert set(nlp.get_pipe("tagger").labels) == {"X", "VB", "NN"}


def test_without_corpora() -> None:
    """It needs no encoder yet, and is complete but for the paths."""
    found = recommend(Wishes(tasks=["ner", "textcat_multilabel"]))
    config = config_of(found)
    assert config["nlp"]["pipeline"] == ["mtl", "ner", "textcat_multilabel"]
    assert config["components"]["mtl"]["model"]["tok2vec"]["name"] == "roberta-base"
    assert config["training"]["optimizer"]["learn_rate"]["initial_rate"] == 5e-5
    assert config["paths"]["train"] is None
    assert "a guess, as no corpus was given" in found.draft.to_str()


def test_languages() -> None:
    config = config_of(recommend(Wishes(lang="de", tasks=["ner"])))
    name = config["components"]["mtl"]["model"]["tok2vec"]["name"]
    assert name == "bert-base-german-cased"


def test_efficiency(folder: Path) -> None:
    """Without an encoder, a small network; it trains."""
    paths = [Path("all.spacy")]
    found = recommend(Wishes(train=paths, dev=paths, optimize="efficiency"))
    config = config_of(found)
    assert "HashEmbedCNN" in config["components"]["mtl"]["model"]["tok2vec"]["@architectures"]
    assert config["components"]["ner"]["model"]["learn_transitions"] is False
    assert config["training"]["optimizer"]["use_averages"] is True
    steps(found, 2)


@pytest.mark.parametrize(
    ("task", "annotation"),
    [
        ("morphologizer", {"pos": "NOUN", "morphs": "Number=Sing"}),
        ("trainable_lemmatizer", {"lemmas": "w"}),
    ],
)
def test_stock_components(task: str, annotation: Any, folder: Path, encoder_dir: str) -> None:
    write_corpus(Path("more.spacy"), ents="A", **annotation)
    found = made(encoder_dir, "more", tasks=[task, "ner"])
    tok2vec = config_of(found)["components"][task]["model"]["tok2vec"]
    assert tok2vec["@architectures"] == "spacy_mtl.TaskListener.v1"
    steps(found, 1)


def test_parser(encoder_dir: str) -> None:
    config = config_of(recommend(Wishes(tasks=["parser", "ner"], encoder=encoder_dir)))
    model = config["components"]["parser"]["model"]
    assert model["@architectures"] == "spacy.TransitionBasedParser.v2"
    assert model["tok2vec"]["@architectures"] == "spacy_mtl.TaskListener.v1"


def test_words_of_the_corpus(folder: Path, encoder_dir: str) -> None:
    write_corpus(Path("zh.spacy"), tags="NN", word="北京")
    found = made(encoder_dir, "zh", lang="zh")
    assert config_of(found)["corpora"]["train"]["gold_preproc"] is True
    assert "% of the words otherwise, so training and scores are on" in found.draft.to_str()
    write_corpus(Path("more.spacy"), ents="A", word="北京")
    config = config_of(made(encoder_dir, "zh", "more", lang="zh"))
    assert config["corpora"]["dev"]["corpora"]["zh"]["path"]["gold_preproc"] is True


def test_gpu(folder: Path, encoder_dir: str) -> None:
    config = config_of(made(encoder_dir, "all", gpu=True))
    assert config["system"]["gpu_allocator"] == "pytorch"


def test_spacys_commands_find_nothing_to_add(folder: Path, encoder_dir: str) -> None:
    Path("config.cfg").write_text(made(encoder_dir, "all").draft.to_str(), encoding="utf8")
    for args in (["init", "fill-config"], ["debug", "config"]):
        done = CliRunner().invoke(
            app, [*args, "config.cfg", *(["o.cfg"] if "init" in args else [])]
        )
        assert done.exit_code == 0, done.output
        assert ("Nothing to auto-fill" in done.output) == ("init" in args)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in SET else pytest.mark.slow) for name in NAMES]
)
def test_every_weighting(name: str, folder: Path, encoder_dir: str) -> None:
    """Also those that learn, or need a warm-up or gradients at the parameters."""
    steps(made(encoder_dir, "all", weighting=name), 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCHEMES)
def test_every_sharing_scheme(name: str, folder: Path, encoder_dir: str) -> None:
    steps(made(encoder_dir, "all", sharing=name), 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule(name: str, folder: Path, encoder_dir: str) -> None:
    """Also those that need shares, phases or a target."""
    steps(made(encoder_dir, "news", "topics", schedule=name), 2)


WRONG: List[Any] = [
    ({"schedule": "Uniform"}, "--schedule says how several corpora are drawn, but there is one"),
    ({"weighting": "PCGrad", "tasks": ["ner"]}, "--weighting PCGrad weighs tasks against each"),
    ({"sharing": "MMoE", "tasks": ["ner"]}, "--sharing MMoE shares between tasks, but there is"),
    ({"weighting": "PCGard"}, "no weighting 'PCGard'. Did you mean 'PCGrad'"),
    ({"sharing": "MMoEE"}, "no sharing scheme 'MMoEE'. Did you mean 'MMoE'"),
    ({"tasks": ["nerr"]}, "There is no head 'nerr'. Did you mean 'ner'"),
    ({"lang": "qq"}, "--lang qq: .*language"),
    ({"dev": ()}, "There are 1 --train and 0 --dev"),
    ({"encoder": "."}, "The folder --encoder . has no encoder"),
    ({"train": [Path("no.spacy")]}, "There is no file or folder no.spacy"),
    ({"train": [Path("text.txt")]}, "text.txt is not a .spacy file. Convert it with"),
    ({"train": [Path("broken.spacy")]}, "broken.spacy cannot be read as a corpus"),
    ({"train": [Path("empty")]}, "The folder empty has no .spacy files"),
]


@pytest.mark.parametrize(("wishes", "says"), WRONG, ids=lambda value: str(value)[:40])
def test_wishes_that_cannot_be(
    wishes: Dict[str, Any], says: str, folder: Path, encoder_dir: str
) -> None:
    Path("text.txt").write_text("A corpus?")
    Path("broken.spacy").write_text("A corpus?")
    Path("empty").mkdir()
    paths = [Path("all.spacy")]
    given = {"train": paths, "dev": paths, "encoder": encoder_dir, **wishes}
    with pytest.raises(ValueError, match=says):
        recommend(Wishes(**given))


def test_schedule_of_corpora_that_are_left(folder: Path, encoder_dir: str) -> None:
    with pytest.raises(ValueError, match="but only 'all' has the tasks"):
        made(encoder_dir, "all", "topics", tasks=["ner"], schedule="Uniform")
