"""The private parts of spaCy's command line haven't changed."""

from typing import Any

import pytest
import typer
from thinc.api import Config, ConfigValidationError

from spacy_mtl.compat import spacy_cli


def test_app_is_the_one_behind_python_m_spacy() -> None:
    assert isinstance(spacy_cli.app, typer.Typer)
    names = {command.name for command in spacy_cli.app.registered_commands}
    assert {"train", "package", "evaluate"} <= names, (
        "spacy.cli._util.app doesn't have spaCy's commands: see compat/spacy_cli.py"
    )


def test_arguments_are_typers() -> None:
    assert (spacy_cli.Arg, spacy_cli.Opt) == (typer.Argument, typer.Option)


def test_overrides_are_parsed_and_removed_from_the_arguments() -> None:
    args = ["--training.max_steps", "10", "--nlp.lang=de", "--training.flag"]
    assert spacy_cli.parse_config_overrides(args, env_var=None) == {
        "training.max_steps": 10,
        "nlp.lang": "de",
        "training.flag": True,
    }
    # Callers that need them afterwards must copy them.
    assert args == []


def test_overrides_come_from_the_environment_too(monkeypatch: Any) -> None:
    monkeypatch.setenv("SPACY_CONFIG_OVERRIDES", "--nlp.lang fr")
    assert spacy_cli.parse_config_overrides([]) == {"nlp.lang": "fr"}


def test_validation_error_ends_the_command(capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended, spacy_cli.show_validation_error("config.cfg"):
        raise ConfigValidationError(config=Config(), errors=[{"loc": ["a"], "msg": "is wrong"}])
    assert ended.value.code == 1
    # `telling` of cli/errors.py raises it for --debug.
    assert isinstance(ended.value.__context__, ConfigValidationError)
    assert "is wrong" in capsys.readouterr().out


def test_missing_code_ends_the_command(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        spacy_cli.import_code("no_such_file.py")
    assert "no_such_file.py" in capsys.readouterr().out
    assert spacy_cli.import_code(None) is None


def test_missing_gpu_is_an_error() -> None:
    with pytest.raises((ValueError, RuntimeError, ImportError)):
        spacy_cli.setup_gpu(99, silent=True)
    assert spacy_cli.setup_gpu(-1, silent=True) is None


@pytest.mark.parametrize("lang", ["en", "zh", "lt", "ja", "xx"])
@pytest.mark.parametrize("optimize", ["efficiency", "accuracy"])
def test_recommended_transformers(lang: str, optimize: str) -> None:
    """Some languages have none of their own."""
    found = spacy_cli.recommended_transformer(lang, optimize)
    others = {
        "en": "roberta-base",
        "zh": "bert-base-chinese",
        "xx": "bert-base-multilingual-uncased",
    }
    assert found == others.get(lang, found)
    assert found
