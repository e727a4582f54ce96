"""Errors of our commands: what is wrong, without a traceback, which --debug shows."""

import inspect
import re
import traceback
from functools import wraps
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Type, TypeVar

import typer
from thinc.api import ConfigValidationError
from wasabi import msg

from ..compat.spacy_cli import Opt

_Command = TypeVar("_Command", bound=Callable[..., Any])
#: Errors whose text is written for whoever gave the input; others are most likely mistakes of code.
_TOLD = (ValueError, OSError, ImportError, RuntimeError)
#: What typer and we end a command with.
_ENDS = (typer.Exit, typer.Abort)
_DEBUG = "debug"
_HELP = "Show the Python traceback of an error"
#: Exit status of what is interrupted, as shells have it.
_INTERRUPTED = 130


class CommandError(ValueError):
    """What a command does not do, with a title of its own."""

    def __init__(self, title: str, text: str = "") -> None:
        """Make one.

        title (str): What is wrong.
        text (str): How to mend it, if the title does not say it.
        """
        super().__init__(f"{title}. {text}" if text else title)
        self.title, self.text = title, text


def telling(
    title: str, titles: Optional[Dict[Type[Exception], str]] = None
) -> Callable[[_Command], _Command]:
    """Make a decorator that has a command print its errors, and end with 1.

    The command gets the option --debug, with which they are raised. What is no mistake of an
    input (a `MemoryError`, say) is left as it is.

    title (str): What cannot be done, such as "Cannot train".
    titles (Optional[Dict[Type[Exception], str]]): Others, by the class of the error; of several
        that fit, the first.
    RETURNS (Callable): The decorator.
    """
    named = {**(titles or {}), Exception: title}

    def decorate(command: _Command) -> _Command:
        @wraps(command)
        def run(*args: Any, **kwargs: Any) -> Any:
            is_debugged = kwargs.pop(_DEBUG, False)
            try:
                return command(*args, **kwargs)
            except (*_ENDS, MemoryError):
                raise
            except SystemExit as end:
                # spaCy prints some errors itself, and ends.
                if not is_debugged or not isinstance(end.__context__, Exception):
                    raise
                printed = end.__context__
            except CommandError as err:
                if is_debugged:
                    raise
                msg.fail(err.title, err.text or None, exits=1)
            except Exception as err:
                if is_debugged:
                    raise
                shown = next(text for kind, text in named.items() if isinstance(err, kind))
                msg.fail(shown, explain(err, kwargs.get("code")), exits=1)
            raise printed

        signature = inspect.signature(command)
        debug = inspect.Parameter(
            _DEBUG,
            inspect.Parameter.KEYWORD_ONLY,
            default=Opt(False, "--debug", help=_HELP),
            annotation=bool,
        )
        run.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*signature.parameters.values(), debug]
        )
        run.__annotations__ = {**command.__annotations__, _DEBUG: bool}
        return run  # type: ignore[return-value]

    return decorate


def explain(error: BaseException, code: Optional[Path] = None) -> str:
    """Say what an error is about.

    error (BaseException): The error.
    code (Optional[Path]): A file of the user's, that functions of the config are in.
    RETURNS (str): Its text; and where it comes from, if that is such a file, or if it is of a
        kind that a mistake in code has.
    """
    text = _text_of(error)
    places = [place for each in _chain(error) for place in _places(each, code)]
    if places:
        text += f"\nIt comes from {places[-1]}. With --debug the Python traceback is shown."
    elif not isinstance(error, (*_TOLD, SyntaxError)) and not hasattr(error, "format_message"):
        frames = traceback.extract_tb(error.__traceback__)
        found = [f"{each.filename}, line {each.lineno}" for each in frames]
        where = f" It comes from {found[-1]}." if found else ""
        text += f"\n{where} With --debug the Python traceback is shown."
    return text


def ended_by_interrupt(title: str, text: str) -> None:
    """End a command that was interrupted from the keyboard.

    title (str): What was interrupted.
    text (str): How to go on.
    """
    msg.warn(title, text)
    raise typer.Exit(_INTERRUPTED)


def _text_of(error: BaseException) -> str:
    if isinstance(error, ConfigValidationError):
        # Without the whole block of the config.
        shown = error.from_error(error, title="", show_config=False)
        title = error.title or "Config validation error"
        return f"{title}: {shown.text.strip()}"
    # One of click, which spaCy raises for an option; typer may have a click of its own.
    if hasattr(error, "format_message"):
        return error.format_message()
    # That of a KeyError is in quotes.
    is_quoted = isinstance(error, KeyError) and len(error.args) == 1
    text = str(error.args[0] if is_quoted else error).strip()
    is_sentence = isinstance(error, (ValueError, OSError, RuntimeError)) and " " in text
    if is_sentence or re.match(r"\[[EW]\d+\] ", text):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _chain(error: Optional[BaseException]) -> Iterator[BaseException]:
    seen: List[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def _places(error: BaseException, code: Optional[Path]) -> List[str]:
    if code is None:
        return []
    path = Path(code).resolve()
    return [
        f"{code}, line {frame.lineno}, in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve() == path
    ]
