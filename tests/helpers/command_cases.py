"""Run commands in tests, and check their output."""

from typing import Any, List, Union

from cases import Case, Gives, Refused, check_message
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_mtl.cli  # noqa: F401 (adds the commands)

Given = Union[str, List[str]]


def run(command: str, given: Given) -> str:
    """RETURNS (str): The output. RAISES (ValueError): With the output, if it exits with 1."""
    args = given.split() if isinstance(given, str) else list(given)
    if not (args and args[0].endswith(".cfg")):
        args = ["config.cfg", *args]
    if command == "train" and "--output" not in args:
        args += ["--output", "out"]
    result = CliRunner().invoke(app, ["mtl", command, *args])
    text = " ".join(result.output.split())
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        # In-process, click's errors also end up here.
        text += f" {getattr(result.exception, 'message', '')}"
        if not hasattr(result.exception, "exit_code"):
            raise result.exception
    assert "Traceback" not in text
    if result.exit_code:
        raise ValueError(text)
    return text


def says(*words: str) -> Gives:
    return Gives(lambda text: check_message(text, words) is None)


def training(name: str, value: Any, *words: str) -> Case:
    is_named = f"'{name}' is {value}"
    return Case(
        f"{name} of {value}",
        f"--training.{name}={value}",
        Refused("Fix [training]", is_named, *words),
    )
