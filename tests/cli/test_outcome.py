"""`--json` and `--quiet` of our commands."""

import json
from typing import List, Optional

import pytest
import typer
from spacy.cli._util import Arg
from typer.testing import CliRunner, Result
from wasabi import msg

from spacy_mtl.cli.errors import CommandError, telling
from spacy_mtl.cli.outcome import Outcome, is_quiet, reporting


def run(*args: str, status: int = 0, fails: Optional[str] = None) -> Result:
    @reporting
    @telling("Cannot count")
    def count(words: List[str] = Arg(..., help="Words")) -> Outcome:
        """Count words."""
        msg.info("Counting")
        if fails:
            raise CommandError(fails, "Count again.")
        return Outcome({"words": len(words)}, lambda: typer.echo(f"{len(words)} words"), status)

    app = typer.Typer()
    app.command()(count)
    return CliRunner().invoke(app, list(args))


def test_text() -> None:
    done = run("a", "b")
    assert done.exit_code == 0
    assert "Counting" in done.stdout
    assert done.stdout.endswith("2 words\n")


@pytest.mark.parametrize("option", ["--json", "-j"])
def test_json(option: str) -> None:
    """Standard output has nothing but the result."""
    done = run("a", "b", option)
    assert json.loads(done.stdout) == {"words": 2}
    assert "Counting" in done.stderr


@pytest.mark.parametrize("option", ["--quiet", "-q"])
def test_quiet(option: str) -> None:
    done = run("a", "b", option)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("option", ["--json", "--quiet"])
def test_failing(option: str) -> None:
    """An error stays visible, but not where a machine looks for the result."""
    done = run("a", option, fails="There are no words")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "There are no words" in done.stderr
    assert "Count again." in done.stderr


def test_failing_with_text() -> None:
    done = run("a", fails="There are no words")
    assert done.exit_code == 1
    assert "There are no words" in done.stdout


def test_debug_still_shows_the_traceback() -> None:
    done = run("a", "--quiet", "--debug", fails="There are no words")
    assert isinstance(done.exception, CommandError)


def test_status() -> None:
    """A result may be bad news: it is printed, and shows in the exit status."""
    done = run("a", "b", status=1)
    assert done.exit_code == 1
    assert "2 words" in done.stdout
    done = run("a", "b", "--json", status=1)
    assert (done.exit_code, json.loads(done.stdout)) == (1, {"words": 2})
    done = run("a", "b", "--quiet", status=1)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "2 words" in done.stderr


def test_progress_is_for_people() -> None:
    """A command can tell whether to show any."""
    found = []

    @reporting
    def work() -> Outcome:
        """Work."""
        found.append(is_quiet())
        return Outcome({})

    app = typer.Typer()
    app.command()(work)
    for options in ([], ["--json"], ["--quiet"]):
        assert CliRunner().invoke(app, options).exit_code == 0
    assert found == [False, False, True]
