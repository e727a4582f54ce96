"""`train` and `debug-data` report errors in a config in the same words."""

from pathlib import Path

import pytest
from cases import Case, Refused, check, name_of
from command_cases import run, training
from thinc.api import Config

BOTH = [
    training("eval_frequency", 0, "1 or more"),
    training("eval_frequency", -5, "1 or more"),
    training("accumulate_gradient", 0, "1 or more"),
    training("accumulate_gradient", -1, "1 or more"),
    training("patience", -1, "0 or more"),
    training("max_steps", -1, "0 or more"),
    training("max_epochs", -2, "-1 or more"),
    training("dropout", -0.1, "from 0 to below 1"),
    training("dropout", 1.5, "from 0 to below 1"),
    training("seed", -4, "or null"),
    Case(
        "two at once",
        "--training.patience=-1 --training.eval_frequency=0",
        Refused("'patience' is -1", "'eval_frequency' is 0"),
    ),
    Case("steps of text", "--training.max_steps=lots", Refused("max_steps", "valid integer")),
    Case("half a step", "--training.max_steps=1.5", Refused("max_steps", "valid integer")),
    Case("dropout of NaN", "--training.dropout=NaN", Refused("dropout", "valid number")),
    Case("no header", "no-header.cfg", Refused("no-header.cfg", "formatted correctly")),
    Case("binary config", "binary.cfg", Refused("binary.cfg is not UTF-8 text", "config file")),
    Case(
        "empty config",
        "empty.cfg",
        Refused("empty.cfg is not a pipeline config", "[nlp]", "init config"),
    ),
    Case("a block twice", "twice.cfg", Refused("twice.cfg")),
    Case("no config", "nowhere.cfg", Refused("nowhere.cfg", "does not exist")),
    Case(
        "unknown factory",
        "--components.ner.factory=nerr",
        Refused("factory for 'nerr'", "mean 'ner'"),
    ),
    Case("near factory", "--components.ner.factory=mtl_nerr", Refused("Did you mean 'mtl_ner'?")),
    Case(
        "unknown architecture",
        "--components.mtl.model.@architectures=x.v1",
        Refused("'x.v1'", "architectures", "spacy_mtl.HardSharing.v1"),
    ),
    Case("unknown reader", "--corpora.train.@readers=x.v1", Refused("'x.v1'", "readers")),
    Case(
        "near component",
        ['--nlp.pipeline=["mtl", "taggr"]'],
        Refused("no [components.taggr]", "Did you mean 'tagger'?"),
    ),
    Case("unknown component", ['--nlp.pipeline=["mtl", "x"]'], Refused("component 'x'", "tagger")),
    Case("unknown language", "--nlp.lang=xx1", Refused("language xx1")),
    Case("unknown block", "--foo.bar=1", Refused("--foo.bar", "no section [foo]")),
    Case(
        "misspelt block",
        "--trainng.max_steps=1",
        Refused("no section [trainng]", "Did you mean 'training'"),
    ),
    Case("not a setting", "--foo", Refused("no such option", "--foo")),
    Case("near option", "--cod code.py", Refused("No such option '--cod'. Did you mean '--code'?")),
    Case("an extra argument", "more", Refused("'more'", "should start with --")),
    Case(
        "unknown setting",
        "--training.max_stepps=3",
        Refused("--training.max_stepps", "no such setting", "max_steps"),
    ),
    Case(
        "unknown setting of the pipeline",
        "--nlp.batch_sizes=3",
        Refused("--nlp.batch_sizes", "no such setting", "batch_size"),
    ),
    Case("unknown variable", ["--paths.train=${paths.x}"], Refused("paths.x")),
    Case("unknown corpus", "--training.train_corpus=corpora.x", Refused("corpora.x")),
]


@pytest.mark.parametrize("command", ["train", "debug-data"])
@pytest.mark.parametrize("case", BOTH, ids=name_of)
def test_both(case: Case, command: str, here: Path) -> None:
    check(case, lambda given: run(command, given))
    # Nothing to resume from, which would keep the corrected command from starting.
    assert not (here / "out").exists() or not list((here / "out").iterdir())


@pytest.mark.parametrize("command", ["train", "debug-data"])
@pytest.mark.parametrize(
    ("block", "key", "near"),
    [("training", "max_step", "max_steps"), ("nlp", "batch_sizes", "batch_size")],
)
def test_unknown_setting_of_the_file(
    block: str, key: str, near: str, command: str, here: Path
) -> None:
    """spaCy would drop it silently, and train 20,000 steps."""
    config = Config().from_disk("config.cfg", interpolate=False)
    config[block][key] = 2
    config.to_disk("typo.cfg")
    told = f"'{key}' in .{block}. of the config: there is no such setting. Did you mean '{near}'"
    with pytest.raises(ValueError, match=told):
        run(command, "typo.cfg")
