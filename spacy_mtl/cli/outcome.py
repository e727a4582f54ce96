"""What a command has found: text for people, or JSON for machines.

A command that returns an `Outcome` and is decorated with `reporting` has the options --json and
--quiet, and prints its result nowhere itself.
"""

import inspect
import io
import json
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import wraps
from typing import Any, Callable, Dict, List, TypeVar, Union

import typer

from ..compat.spacy_cli import Opt

_Command = TypeVar("_Command", bound=Callable[..., Any])
_JSON, _QUIET = "as_json", "quiet"


class _Silence(io.StringIO):
    """The standard output of a command with --quiet."""


def is_quiet() -> bool:
    """RETURNS (bool): Whether the running command has --quiet, so that it shows no progress."""
    return isinstance(sys.stdout, _Silence)


def _show_nothing() -> None:
    pass


@dataclass(frozen=True)
class Outcome:
    """The result of a command.

    data (Union[Dict[str, Any], List[Any]]): What --json prints. Only what JSON has: no NaN, no
        infinity.
    show (Callable[[], None]): Prints the result for people.
    status (int): The exit status, such as 1 if a check has found something.
    """

    data: Union[Dict[str, Any], List[Any]]
    show: Callable[[], None] = _show_nothing
    status: int = 0


def reporting(command: _Command) -> _Command:
    """Let a command print the `Outcome` that it returns. Goes above `telling`.

    With --json, standard output has nothing but the JSON; what else is printed, such as progress
    and errors, goes to standard error. With --quiet, nothing is printed unless the command fails:
    then everything goes to standard error.

    command (Callable[..., Outcome]): The command.
    RETURNS (Callable): The command with two more options.
    """

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        as_json, quiet = kwargs.pop(_JSON), kwargs.pop(_QUIET)
        if as_json:
            with redirect_stdout(sys.stderr):
                outcome = command(*args, **kwargs)
            # In ASCII, whatever the terminal's encoding.
            typer.echo(json.dumps(outcome.data, allow_nan=False))
        elif quiet:
            outcome = _run_quietly(command, *args, **kwargs)
        else:
            outcome = command(*args, **kwargs)
            outcome.show()
        if outcome.status:
            raise typer.Exit(outcome.status)

    signature = inspect.signature(command)
    options = {
        _JSON: Opt(False, "--json", "-j", help="Print only the result, as JSON"),
        _QUIET: Opt(False, "--quiet", "-q", help="Print nothing but errors"),
    }
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=bool)
        for name, option in options.items()
    ]
    run.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), *added]
    )
    run.__annotations__ = {**command.__annotations__, **dict.fromkeys(options, bool)}
    return run  # type: ignore[return-value]


def _run_quietly(command: Callable[..., Outcome], *args: Any, **kwargs: Any) -> Outcome:
    printed = _Silence()
    try:
        with redirect_stdout(printed):
            outcome = command(*args, **kwargs)
            if outcome.status:
                outcome.show()
    except BaseException:
        sys.stderr.write(printed.getvalue())
        raise
    if outcome.status:
        sys.stderr.write(printed.getvalue())
    return outcome
