"""Format the table of a training, with a group of columns for each task."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Callable, Dict, List, Sequence

from spacy.errors import Errors
from spacy.language import Language

from ..tasks.stock import task_of
from .monitor import Reading
from .numbers import compact

#: Takes spaCy's information on an evaluation and the reading of the joint steps before
#: it, and returns the text of a cell.
Cell = Callable[[Dict[str, Any], Reading], str]

_NOTHING = "-"
_SPACING = 2
_MAX_TITLE = 13  # as in spaCy
_FIGURE = 7
_SCORE = 6


@dataclass(frozen=True)
class Column:
    """A column of the table.

    title (str): The heading.
    width (int): The minimum width in characters.
    cell (Callable): Returns the text of a cell.
    group (str): The component it belongs to, or "".
    align_left (bool): Whether to align the title to the left.
    """

    title: str
    width: int
    cell: Cell
    group: str = ""
    align_left: bool = False


class Table:
    """Columns that are formatted as a header and rows."""

    def __init__(self, columns: Sequence[Column]) -> None:
        """Initialize the table.

        columns (Sequence[Column]): The columns, with those of a group side by side.
        """
        n_columns = Counter(column.group for column in columns)
        self._columns = []
        for column in columns:
            title = _heading(column.title)
            # The group name must fit above a single column.
            name = _heading(column.group) if n_columns[column.group] == 1 else ""
            width = max(column.width, len(title), len(name))
            self._columns.append(replace(column, title=title, width=width))

    def header(self) -> str:
        """RETURNS (str): The names of the groups, the titles, and a rule, one line each."""
        grouped = groupby(self._columns, key=lambda column: column.group)
        groups = [_banner(name, list(own)) for name, own in grouped]
        titles = [
            c.title.ljust(c.width) if c.align_left else c.title.rjust(c.width)
            for c in self._columns
        ]
        rule = ["-" * c.width for c in self._columns]
        return "\n".join(_join(cells).rstrip() for cells in (groups, titles, rule))

    def row(self, info: Dict[str, Any], reading: Reading) -> str:
        """Format a row.

        info (Dict[str, Any]): Information from spaCy's training loop on an evaluation.
        reading (Reading): The joint steps since the last row.
        RETURNS (str): A line.
        RAISES (ValueError): If the score of a column is not a number.
        """
        return _join([c.cell(info, reading).rjust(c.width) for c in self._columns])


def make_table(
    nlp: Language, joint: str, tasks: Sequence[str], auxiliary: Sequence[str] = ()
) -> Table:
    """Make the table for a pipeline: tasks in pipeline order, other scores at the end.

    A score belongs to a task if no other task has it.

    nlp (Language): The pipeline, with untrained components disabled.
    joint (str): The name of the joint component.
    tasks (Sequence[str]): The names of its tasks, including disabled ones.
    auxiliary (Sequence[str]): The names of the sharing scheme's own losses.
    RETURNS (Table): The table.
    """
    weights = nlp.config.interpolate()["training"]["score_weights"]
    keys = [key for key, weight in weights.items() if weight is not None]
    columns = [
        Column("E", 3, lambda info, _: str(info["epoch"]), align_left=True),
        Column("#", 6, lambda info, _: str(info["step"]), align_left=True),
    ]
    owners = {key: _owners(nlp, key, tasks) for key in keys}
    rest = list(keys)
    for name in nlp.pipe_names:
        if name in tasks:
            own = [key for key in keys if owners[key] == [name]]
            rest = [key for key in rest if key not in own]
            columns += [*_figures(name), *(_score(key, name) for key in own)]
        elif name == joint:
            columns.append(Column("Loss", _FIGURE, _mean_loss(name), name))
            columns += [Column(loss, _FIGURE, _auxiliary(loss), name) for loss in auxiliary]
        elif task_of(nlp, name).is_trainable:
            columns.append(Column("Loss sum", 8, _plain_loss(name), name))
    columns += [_score(key) for key in rest]
    columns.append(Column("Score", _SCORE, lambda info, _: f"{float(info['score']):.2f}"))
    return Table(columns)


def _figures(task: str) -> List[Column]:
    def show(figure: str) -> Cell:
        def cell(_: Dict[str, Any], reading: Reading) -> str:
            means = reading.tasks.get(task)
            return _NOTHING if means is None else compact(getattr(means, figure))

        return cell

    return [Column(figure, _FIGURE, show(figure), task) for figure in ("loss", "weight", "norm")]


def _mean_loss(joint: str) -> Cell:
    def cell(info: Dict[str, Any], reading: Reading) -> str:
        if joint not in info["losses"] or not reading.n_steps:
            return _NOTHING
        return compact(float(info["losses"][joint]) / reading.n_steps)

    return cell


def _auxiliary(name: str) -> Cell:
    def cell(_: Dict[str, Any], reading: Reading) -> str:
        means = reading.auxiliary.get(name)
        return _NOTHING if means is None else compact(means.loss)

    return cell


def _plain_loss(name: str) -> Cell:
    def cell(info: Dict[str, Any], _: Reading) -> str:
        loss = info["losses"].get(name)
        return _NOTHING if loss is None else f"{float(loss):.2f}"

    return cell


def _score(key: str, group: str = "") -> Column:
    def cell(info: Dict[str, Any], _: Reading) -> str:
        score = info["other_scores"].get(key)
        if score is None:
            return _NOTHING
        try:
            number = float(score)
        except TypeError:
            raise ValueError(Errors.E916.format(name=key, score_type=type(score))) from None
        return f"{number if key == 'speed' else 100 * number:.2f}"

    # Words per second.
    width = 8 if key == "speed" else _SCORE
    return Column(key, width, cell, group)


def _owners(nlp: Language, key: str, tasks: Sequence[str]) -> List[str]:
    known = [task for task in tasks if task in nlp.component_names]
    return [task for task in known if key in (nlp.get_pipe_meta(task).default_score_weights or {})]


def _banner(name: str, columns: Sequence[Column]) -> str:
    width = sum(column.width for column in columns) + _SPACING * (len(columns) - 1)
    if len(columns) == 1 or not name:
        return _heading(name).rjust(width)
    return f" {_heading(name, width - 2)} ".center(width, "-")


def _heading(text: str, width: int = _MAX_TITLE) -> str:
    return (text if len(text) <= width else text[: width - 3] + "...").upper()


def _join(cells: Sequence[str]) -> str:
    return (" " * _SPACING).join(cells)
