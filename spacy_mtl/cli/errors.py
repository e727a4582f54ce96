"""Print errors of our commands without a traceback, unless --debug is given."""

import inspect
import re
import traceback
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NoReturn, Optional, TypeVar

import typer
from thinc.api import ConfigValidationError
from wasabi import msg

from ..compat.spacy_cli import Opt

_Command = TypeVar("_Command", bound=Callable[..., Any])
#: Errors whose message is meant for users; others are most likely bugs.
_EXPECTED = (ValueError, OSError, ImportError, RuntimeError)
#: Exceptions that typer and we use to exit a command.
_ENDS = (typer.Exit, typer.Abort)
_DEBUG = "debug"
_HELP = "Show the Python traceback of an error"
_DEBUGGED: ContextVar[bool] = ContextVar("debugged", default=False)
#: Exit status of interrupted commands, as in shells.
INTERRUPTED = 130


def is_debugged() -> bool:
    """RETURNS (bool): Whether the running command was given --debug."""
    return _DEBUGGED.get()


class CommandError(ValueError):
    """A command's refusal to run, with its own title."""

    def __init__(self, title: str, text: str = "") -> None:
        """Create the error.

        title (str): What is wrong.
        text (str): How to fix it, unless the title says so.
        """
        super().__init__(f"{title}. {text}" if text else title)
        self.title, self.text = title, text


def telling(title: str, titles: Optional[Dict[str, str]] = None) -> Callable[[_Command], _Command]:
    """Make a decorator that lets a command print its errors and exit with 1.

    The command gets a --debug option, which raises them instead. Errors that aren't caused by
    the input, such as a `MemoryError`, are not handled.

    title (str): The title of the errors, such as "Cannot train".
    titles (Optional[Dict[str, str]]): Other titles, by the name of the error's class (or of a
        base class), so that nothing is imported for it. The closest one is used.
    RETURNS (Callable): The decorator.
    """
    named = titles or {}

    def decorate(command: _Command) -> _Command:
        @wraps(command)
        def run(*args: Any, **kwargs: Any) -> Any:
            is_debugged = kwargs.pop(_DEBUG, False)
            _DEBUGGED.set(is_debugged)
            try:
                return command(*args, **kwargs)
            except (*_ENDS, MemoryError):
                raise
            except SystemExit as end:
                # spaCy prints some errors itself and exits.
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
                classes = (kind.__name__ for kind in type(err).__mro__)
                shown = next((named[name] for name in classes if name in named), title)
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
    """Explain an error to the user.

    error (BaseException): The error.
    code (Optional[Path]): A user's file with functions used in the config.
    RETURNS (str): Its message, and where it comes from, if that is the user's file or if the
        error is most likely a bug.
    """
    text = _text_of(error)
    places = [place for each in _chain(error) for place in _places(each, code)]
    if places:
        text += f"\nIt comes from {places[-1]}. Use --debug to see the Python traceback."
    elif not isinstance(error, (*_EXPECTED, SyntaxError)) and not hasattr(error, "format_message"):
        frames = traceback.extract_tb(error.__traceback__)
        found = [f"{each.filename}, line {each.lineno}" for each in frames]
        where = f" It comes from {found[-1]}." if found else ""
        text += f"\n{where} Use --debug to see the Python traceback."
    return text


def ended_by_interrupt(title: str, text: str) -> NoReturn:
    """Exit a command that was interrupted from the keyboard.

    title (str): What was interrupted.
    text (str): How to continue.
    """
    msg.warn(title, text)
    raise typer.Exit(INTERRUPTED)


def _text_of(error: BaseException) -> str:
    if isinstance(error, ConfigValidationError):
        # Leave out the config block.
        shown = error.from_error(error, title="", show_config=False)
        title = error.title or "Config validation error"
        return f"{title}: {shown.text.strip()}"
    # A click error, which spaCy raises for an option. typer may bundle its own click.
    if hasattr(error, "format_message"):
        return error.format_message()
    # The message of a KeyError is quoted.
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
