"""Progress bars of commands that take long, on standard error and at a terminal only."""

from typing import Any, Iterable, Optional

from .outcome import is_quiet


def progress(
    items: Optional[Iterable[Any]] = None,
    title: str = "",
    total: Optional[int] = None,
    done: int = 0,
    unit: str = "it",
) -> Any:
    """Show a bar while something is gone through.

    items (Optional[Iterable[Any]]): What is gone through. Without it, call `update` of the bar.
    title (str): What is being done.
    total (Optional[int]): The number of items, if it isn't that of `items`.
    done (int): The number of those that were done before.
    unit (str): What an item is.
    RETURNS (tqdm): The bar: an iterable of the items, and a context.
    """
    from tqdm import tqdm

    # None: only at a terminal.
    disable = is_quiet() or None
    return tqdm(
        items, desc=title, total=total, initial=done, unit=unit, leave=False, disable=disable
    )


def annotating(examples: Iterable[Any]) -> Any:
    """RETURNS (tqdm): A bar for examples that a pipeline annotates."""
    return progress(examples, "Annotating", unit=" texts")
